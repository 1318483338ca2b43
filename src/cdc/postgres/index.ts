/** A real PostgreSQL that lives in a folder and ends with the process that started it. */
export { runningPostgresUrl } from './connection-url.js';
export { type PostgresConfig, type RunningPostgres, startPostgres } from './start-postgres.js';
