/** How the live application and the replay of the proof are run. */
import { defineConfig, onnx } from '../../src/index.js';

export default defineConfig({
  'application.id': 'car-prices',
  'processing.guarantee': 'exactly_once_v2',
  'errors.dead.letter.queue.topic.name': 'car_prices_dead_letters',
  encoding: 'json',
  models: { 'ford-price': onnx(new URL('../../models/ford/ford_price.onnx', import.meta.url)) },
});
