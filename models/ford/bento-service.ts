/** The Ford model in BentoML. */
import { fileURLToPath } from 'node:url';
import { type ModelServer, type ServerScript, setUpServer, startServer } from './python-server.js';

const BENTO: ServerScript = {
  name: 'BentoML',
  script: fileURLToPath(new URL('./bentoml.sh', import.meta.url)),
  readyPath: '/readyz',
};

/** Installs it, and saves the model in its store. */
export const setUpBento = (): Promise<void> => setUpServer(BENTO);

/** Starts it on a port, or on a free one. */
export const startBento = (port?: number): Promise<ModelServer> => startServer(BENTO, port);
