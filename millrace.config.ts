import { defineConfig, onnx } from 'millrace';
import { listings } from './models/ford/listings.js';

export default defineConfig({
  'application.id': 'car-prices',
  'instance.id': process.env.MILLRACE_INSTANCE_ID ?? '0',
  'processing.guarantee': 'exactly_once_v2',
  'processing.exception.handler': 'dead-letter',
  'deserialization.exception.handler': 'dead-letter',
  'production.exception.handler': 'dead-letter',
  'errors.dead.letter.queue.topic.name': 'car_prices_dead_letters',
  // The same model as a BentoML service (models/ford/bentoml.sh setup, then serve 3000; docs/models.md):
  //   'ford-price': bentoml('http://127.0.0.1:3000', {
  //     route: '/predict_batch', parameter: 'cars', batch: {}, description: 'models/ford/ford_price.json',
  //   }),
  models: { 'ford-price': onnx(new URL('./models/ford/ford_price.onnx', import.meta.url)) },

  source: { 'topic.prefix': 'car_database', 'table.include.list': 'public.car_data' },
  sink: { topics: 'car_data_predicted', 'schema.evolution': 'basic' },

  dev: {
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
