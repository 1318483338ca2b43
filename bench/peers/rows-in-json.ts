import type { Encoding } from '../kafka/job.js';

/** Writes priced rows, in JSON with schema or without. The schema is the same in every record: its text is made once. */
export function rowsInJson(encoding: Encoding): (row: object) => Buffer {
  if (encoding === 'json') return (row) => Buffer.from(JSON.stringify(row));
  const start = `{"schema":${JSON.stringify(ROW)},"payload":`;
  return (row) => Buffer.from(`${start}${JSON.stringify(row)}}`);
}

/** The schema of a priced row in Connect's words. */
const ROW = {
  type: 'struct',
  optional: false,
  name: 'car_data_predicted.Value',
  fields: [
    { type: 'int32', optional: false, field: 'id' },
    { type: 'string', optional: true, field: 'model' },
    { type: 'int32', optional: true, field: 'year' },
    { type: 'string', optional: true, field: 'transmission' },
    { type: 'int32', optional: true, field: 'mileage' },
    { type: 'string', optional: true, field: 'fueltype' },
    { type: 'int32', optional: true, field: 'tax' },
    { type: 'double', optional: true, field: 'mpg' },
    { type: 'double', optional: true, field: 'enginesize' },
    { type: 'double', optional: false, field: 'suggestedprice' },
  ],
};
