import base from '../../millrace.config.js';

export default { ...base, 'shutdown.timeout.ms': 3_600_000 };
