import { avro, bentoml, defineConfig, onnx } from 'millrace';
import { listings } from './models/ford/listings.js';

const {
  CAR_PRICES_FORMAT = 'connect-json',
  FORD_PRICE_URL = 'http://127.0.0.1:3000',
  MILLRACE_REGISTRY_URL = 'http://127.0.0.1:8081/apis/ccompat/v7',
} = process.env;

const inProcess = onnx(new URL('./models/ford/ford_price.onnx', import.meta.url));

export default defineConfig({
  'application.id': 'car-prices',
  'processing.guarantee': 'exactly_once_v2',
  'processing.exception.handler': 'dead-letter',
  'deserialization.exception.handler': 'dead-letter',
  'production.exception.handler': 'dead-letter',
  'errors.dead.letter.queue.topic.name': 'car_prices_dead_letters',

  // `millrace run`: Kafka, the registry and the model service of `npm run stack`, or of docker compose.
  'bootstrap.servers': '127.0.0.1:9092',
  encoding: CAR_PRICES_FORMAT === 'avro' ? avro({ registry: MILLRACE_REGISTRY_URL }) : 'connect-json',
  models: {
    'ford-price': bentoml(FORD_PRICE_URL, {
      route: '/predict_batch',
      parameter: 'cars',
      batch: {},
      description: 'models/ford/ford_price.json',
    }),
    'ford-price-onnx': inProcess,
  },

  source: { 'topic.prefix': 'car_database', 'table.include.list': 'public.car_data' },
  sink: { topics: 'car_data_predicted', 'schema.evolution': 'basic' },

  // `millrace dev` has everything in one process, also the model.
  dev: {
    models: { 'ford-price': inProcess },
    database: 'car_database',
    setup: `create table if not exists car_data (
      id serial primary key, model text, year int, transmission text, mileage int,
      fueltype text, tax int, mpg double precision, enginesize double precision)`,
    sample: { table: 'car_data', rows: newListings },
  },
});

/** Listings that have no number yet: the database gives it. */
function* newListings(seed: number) {
  for (const { id: _, ...listing } of listings(seed)) yield listing;
}
