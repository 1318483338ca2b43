import { asError, ConfigurationError } from '../../errors.js';
import type { ModelIdentity } from '../model.js';
import { ModelError, nameOf } from '../model-error.js';

/** The tensor datatypes of the protocol that JSON can carry. */
export type InferenceDatatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

type Value = number | bigint | string | boolean;

/** One input tensor: `[rows, …shape]`. */
export interface InputTensor<F> {
  readonly datatype: InferenceDatatype;
  /** Shape of one row. Default `[1]`. */
  readonly shape?: readonly number[];
  /** The value of a row, or as many as the shape has, row-major. Null and undefined: see `missing`. */
  readonly value: (features: F) => Value | readonly Value[] | null | undefined;
  /** What stands for null. Without it a row that lacks the value is refused: a tensor in JSON has no null and no NaN. */
  readonly missing?: Value;
}

/** Writes rows as the input tensors of a request. */
export class InferenceInputs<F> {
  readonly #inputs: readonly (readonly [name: string, tensor: InputTensor<F>, width: number])[];

  /** @throws {ConfigurationError} when there is none, or a shape is not one of whole numbers */
  constructor(inputs: Readonly<Record<string, InputTensor<F>>>) {
    this.#inputs = Object.entries(inputs).map(([name, tensor]) => {
      const { shape = [1] } = tensor;
      if (!shape.every((length) => Number.isSafeInteger(length) && length > 0)) {
        throw new ConfigurationError(`inputs.${name}.shape: [${shape}] is no shape of a row`, `inputs.${name}.shape`);
      }
      return [name, tensor, shape.reduce((product, length) => product * length, 1)] as const;
    });
    if (this.#inputs.length === 0)
      throw new ConfigurationError('inputs: a request needs one tensor at least', 'inputs');
  }

  /** The request for all rows that can be asked about, and the errors of the others. */
  write(rows: readonly F[], identity: ModelIdentity) {
    const refused = new Map<number, ModelError>();
    const data: string[][] = this.#inputs.map(() => []);
    rows.forEach((row, index) => {
      try {
        const values = this.#inputs.map(([name, tensor, width]) => texts(name, tensor, width, row));
        for (const [input, each] of values.entries()) data[input]!.push(each);
      } catch (thrown) {
        const message = `the model ${nameOf(identity)} cannot be asked this row: ${asError(thrown).message}`;
        refused.set(index, new ModelError(message, 'invalid-question', identity, { cause: thrown }));
      }
    });
    const asked = rows.length - refused.size;
    const tensors = this.#inputs.map(([name, { datatype, shape = [1] }], input) => {
      const head = JSON.stringify({ name, shape: [asked, ...shape], datatype }).slice(0, -1);
      return `${head},"data":[${data[input]!.join(',')}]}`;
    });
    return { body: `{"inputs":[${tensors.join(',')}]}`, asked, refused };
  }
}

function texts<F>(name: string, tensor: InputTensor<F>, width: number, row: F): string {
  const value = tensor.value(row);
  const values = Array.isArray(value) ? (value as readonly Value[]) : [value as Value | null | undefined];
  if (values.length !== width) throw new TypeError(`the input '${name}' takes ${width} values, not ${values.length}`);
  return values.map((each) => text(name, each ?? tensor.missing)).join(',');
}

function text(name: string, value: Value | undefined): string {
  if (value === undefined) throw new TypeError(`the input '${name}' has no value, and says nothing for a missing one`);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`the input '${name}' is ${value}`);
  return JSON.stringify(value);
}
