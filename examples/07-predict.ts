/**
 * One topology, two models: a fake for tests, and the one in ONNX that ships with the project. What the model is, is
 * configuration; the topology names it. Its memory answers as long as a car's features do not change.
 *
 *     npx tsx examples/07-predict.ts
 *
 * prints
 *
 *     fake: 9000, 9000, 9000; asked 2, remembered 1
 *     onnx: 13741.155…, 13741.155…, 11924.657…; asked 2, remembered 1
 */
import { type Change, type Model, onnx } from 'millrace';
import { fake, TopologyTestDriver } from 'millrace/testing';
import { fordPrice } from '../models/ford/index.js';
import { type Car, carChanges, pricedCars } from '../schemas/cars.js';
import carPrices from '../topology/car-prices.js';

const focus: Car = {
  id: 1,
  model: 'Focus',
  year: 2018,
  transmission: 'Manual',
  mileage: 9_083,
  fueltype: 'Petrol',
  tax: 150,
  mpg: 57.7,
  enginesize: 1,
};

async function prices(model: Model): Promise<string> {
  const driver = await TopologyTestDriver.open(carPrices, { models: { 'ford-price': model }, encoding: 'json' });
  const input = driver.createInputTopic(carChanges);
  input.pipeInput({ id: 1 }, change(100, focus));
  input.pipeInput({ id: 1 }, change(200, focus)); // written again as it is: the memory answers
  input.pipeInput({ id: 1 }, change(300, { ...focus, mileage: 30_000 }));
  await driver.settled();
  const rows = driver.createOutputTopic(pricedCars).readValuesToList();
  const { asked, remembered } = driver.events;
  await driver.close();
  await model.close();
  return `${rows.map((row) => row?.suggestedprice).join(', ')}; asked ${asked}, remembered ${remembered}`;
}

console.log(`fake: ${await prices(fake(fordPrice, { answer: 9_000 }) as Model)}`);
console.log(`onnx: ${await prices(onnx(new URL('../models/ford/ford_price.onnx', import.meta.url)))}`);

/** An update as Debezium writes it. */
function change(lsn: number, after: Car): Change<Car> {
  return {
    op: 'u',
    before: null,
    after,
    source: {
      version: '3.6.0.Final',
      connector: 'postgresql',
      name: 'car_database',
      db: 'car_database',
      schema: 'public',
      table: 'car_data',
      sequence: `[null,"${lsn}"]`,
      lsn,
      txId: lsn,
      ts_ms: 1_795_232_652_636 + lsn,
    },
    ts_ms: 1_795_232_652_636 + lsn,
  };
}
