/**
 * The versions of everything that runs beside millrace, written once. `docker-compose.yaml` and the Dockerfiles name the
 * same ones; `test/deploy` compares them.
 */
export const versions = Object.freeze({
  kafka: '4.3.1',
  /** Kafka 4.3 logs through slf4j 1.7; this line still binds to it. */
  log4j: '2.25.1',
  postgres: '18.4',
  /** Source and sink. */
  debezium: '3.6.0.Final',
  apicurio: '3.3.3',
  /** Apicurio's converter for Connect. */
  avroConverter: '2.6.13.Final',
  bentoml: '1.4.39',
  xgboost: '3.2.0',
});
