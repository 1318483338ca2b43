/**
 * What all models behind HTTP share: who they are, what a batch that fails means, what is outside their training.
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { asError, ConfigurationError } from '../../errors.js';
import { BatchRefused } from '../batch-refused.js';
import { FeatureRanges } from '../feature-ranges.js';
import type { ModelIdentity } from '../model.js';
import { ModelError, nameOf } from '../model-error.js';
import { parseDescription } from '../onnx-description.js';

/** Who answers. A memory is of one model and version, so the version has to change whenever the model does. */
export interface IdentityOptions {
  /**
   * The description of the model that `onnx` reads too (JSON: name, version, features with their ranges). Values outside
   * of the ranges are counted in the application's status.
   */
  readonly description?: string | URL;
  /** Default: the description's. */
  readonly name?: string;
  /** Default: the description's. */
  readonly version?: string;
}

/** The identity and the ranges of a model, from its options. */
export async function readIdentity(
  { description, name, version }: IdentityOptions,
  what: string,
): Promise<{ readonly identity: ModelIdentity; readonly ranges: FeatureRanges | undefined }> {
  if (description === undefined) {
    if (name !== undefined && version !== undefined)
      return { identity: Object.freeze({ name, version }), ranges: undefined };
    const setting = name === undefined ? 'name' : 'version';
    throw new ConfigurationError(
      `${what} needs a name and a version (or a description that has both): what it answers is remembered under them`,
      setting,
    );
  }
  const path = description instanceof URL ? fileURLToPath(description) : description;
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`the description of the model cannot be read: ${asError(error).message}`, path, {
      cause: error,
    });
  }
  const described = parseDescription(text, path);
  return {
    identity: Object.freeze({ name: name ?? described.name, version: version ?? described.version }),
    ranges: new FeatureRanges(described.features),
  };
}

/** The features of rows as JSON, each by itself; those that cannot be written are told, and left out. */
export function writeRows<F>(
  rows: readonly F[],
  write: (row: F) => unknown,
  identity: ModelIdentity,
): { readonly texts: readonly string[]; readonly refused: ReadonlyMap<number, ModelError> } {
  const texts: string[] = [];
  const refused = new Map<number, ModelError>();
  rows.forEach((row, index) => {
    try {
      const text = JSON.stringify(write(row));
      if (text === undefined) throw new TypeError('nothing to ask');
      texts.push(text);
    } catch (thrown) {
      const message = `the model ${nameOf(identity)} cannot be asked this row: ${asError(thrown).message}`;
      refused.set(index, new ModelError(message, 'invalid-question', identity, { cause: thrown }));
    }
  });
  return { texts, refused };
}

/** Predictions for the rows that were asked, with the errors of the others in their places. */
export function withRefused<P>(
  rows: number,
  refused: ReadonlyMap<number, ModelError>,
  answers: readonly P[],
): readonly P[] {
  if (refused.size === 0) return answers;
  let next = 0;
  // An error in the place of a prediction is the error of that row: see batcher().
  return Array.from({ length: rows }, (_, row) => (refused.get(row) as P | undefined) ?? answers[next++]!);
}

/**
 * What it means that a call failed: a batch is asked by halves, a lone row is at fault if the service is ready.
 *
 * @param thrown by `HttpService.post`
 * @throws always
 */
export async function blame(thrown: unknown, rows: number, ready: () => Promise<void>): Promise<never> {
  if (!(thrown instanceof ModelError) || thrown.kind === 'timeout') throw thrown;
  if (rows === 1) await ready();
  throw new BatchRefused(thrown);
}
