/** How `millrace run` runs the topology of the benchmark: what is not said here or by a flag is as it comes. */
import { avro, defineConfig } from 'millrace';

const { CAR_PRICES_FORMAT = 'json', CAR_PRICES_REGISTRY = '' } = process.env;

export default defineConfig({
  'application.id': 'bench',
  encoding: CAR_PRICES_FORMAT === 'avro' ? avro({ registry: CAR_PRICES_REGISTRY }) : (CAR_PRICES_FORMAT as 'json'),
});
