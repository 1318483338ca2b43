/**
 * The description beside an ONNX file: which features it takes, and how they become the columns of its one matrix.
 *
 * Written by whoever trained the model (see `models/ford/train.py`). Other fields of the file are for readers.
 */
import { z } from 'zod';
import { ConfigurationError } from '../errors.js';

const feature = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('number'),
    name: z.string().min(1),
    /** Least and greatest value seen in training. */
    range: z.tuple([z.number(), z.number()]).optional(),
  }),
  z.object({
    kind: z.literal('text'),
    name: z.string().min(1),
    categories: z.array(z.string()).min(1),
  }),
]);

const description = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  features: z.array(feature).min(1),
  /** Of the ONNX file, in hex. When given, another file is refused: its columns may stand for something else. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

/** One feature: a number is one column, a text one column for each of its categories. */
export type FeatureDescription = z.infer<typeof feature>;
export type OnnxDescription = z.infer<typeof description>;

/**
 * Reads the text of a description.
 *
 * @param setting the path, for the message
 * @throws {ConfigurationError} when it is no JSON or lacks what a model needs
 */
export function parseDescription(json: string, setting: string): OnnxDescription {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw new ConfigurationError(`the description of the model in ${setting} is no JSON: ${error}`, setting, {
      cause: error,
    });
  }
  const result = description.safeParse(parsed);
  if (result.success) return result.data;
  throw new ConfigurationError(
    `the description of the model in ${setting} is not complete:\n${z.prettifyError(result.error)}`,
    setting,
    { cause: result.error },
  );
}
