import { memoryEngines } from '../../src/state/memory.js';
import { storeEngineContract } from '../contract/store-engine.contract.js';

storeEngineContract('memory', async () => memoryEngines());
