/** The Ford model in MLServer, and how its tensors are made. */
import { fileURLToPath } from 'node:url';
import type { InputTensor } from 'millrace';
import type { FordFeatures } from './features.js';
import { type ModelServer, type ServerScript, setUpServer, startServer } from './python-server.js';

const MLSERVER: ServerScript = {
  name: 'MLServer',
  script: fileURLToPath(new URL('./mlserver.sh', import.meta.url)),
  readyPath: '/v2/models/ford-price/ready',
};

const number = (value: InputTensor<FordFeatures>['value']) => ({ datatype: 'FP32', value, missing: -1 }) as const;
const text = (value: InputTensor<FordFeatures>['value']) => ({ datatype: 'BYTES', value, missing: '' }) as const;

/** The tensors of `openInference`: one for each feature, with what stands for null. */
export const fordInputs: Readonly<Record<keyof FordFeatures, InputTensor<FordFeatures>>> = {
  model: text((car) => car.model),
  year: number((car) => car.year),
  transmission: text((car) => car.transmission),
  mileage: number((car) => car.mileage),
  fueltype: text((car) => car.fueltype),
  tax: number((car) => car.tax),
  mpg: number((car) => car.mpg),
  enginesize: number((car) => car.enginesize),
};

/** Installs it. */
export const setUpMlserver = (): Promise<void> => setUpServer(MLSERVER);

/** Starts it on a port, or on a free one. */
export const startMlserver = (port?: number): Promise<ModelServer> => startServer(MLSERVER, port);
