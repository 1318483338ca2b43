/**
 * The versions of everything that runs beside millrace, written once. `docker-compose.yaml` names the same ones;
 * `test/deploy/versions.test.ts` compares them.
 */
export const versions = Object.freeze({
  kafka: '4.3.1',
  /** Kafka 4.3 logs through slf4j 1.7; this line still binds to it. */
  log4j: '2.25.1',
  postgres: '18.4',
});
