/** The configuration of the project on a table without a primary key, with columns of types that few tables have. */
import base from '../../millrace.config.js';

const { dev } = base;

export default {
  ...base,
  dev: {
    ...dev!,
    setup: `create table if not exists car_data (
      id int, model text, year int, transmission text, mileage int, fueltype text, tax int, mpg double precision,
      enginesize double precision, parked_at point, words tsvector, owner inet)`,
  },
};
