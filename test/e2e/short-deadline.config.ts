import base from '../../millrace.config.js';

export default { ...base, 'shutdown.timeout.ms': 300 };
