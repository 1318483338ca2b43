-- The table that is captured. `npm run stack` and docker-compose run this file.
create table if not exists car_data (
  id serial primary key, model text, year int, transmission text, mileage int,
  fueltype text, tax int, mpg double precision, enginesize double precision);
