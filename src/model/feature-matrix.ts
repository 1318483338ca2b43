/**
 * Rows of features as one dense matrix of floats, as the trainer builds it.
 *
 * - The columns are the features in the order of the description: one for a number, one for each category of a text.
 * - A number that is null, undefined or NaN is NaN: missing. A text that is null, undefined or no known category is all
 *   zeros. Whether a model makes sense of that is said by who trained it.
 */
import type { FeatureDescription } from './onnx-description.js';

/** Writes a value into its columns, which are zero; says what is wrong with it, if anything is. */
type Column = (row: Readonly<Record<string, unknown>>, matrix: Float32Array, start: number) => string | undefined;

export class FeatureMatrix {
  /** Columns of the matrix. */
  readonly width: number;
  readonly #columns: readonly Column[];

  constructor(features: readonly FeatureDescription[]) {
    let width = 0;
    this.#columns = features.map((feature) => {
      const offset = width;
      width += feature.kind === 'text' ? feature.categories.length : 1;
      return feature.kind === 'text'
        ? textColumns(feature.name, feature.categories, offset)
        : numberColumn(feature.name, offset);
    });
    this.width = width;
  }

  /**
   * Encodes rows into a matrix, row after row.
   *
   * @param refused called with the index of a row that cannot be encoded and the reason; its part of the matrix is void
   */
  encode(rows: readonly object[], refused: (row: number, reason: string) => void): Float32Array<ArrayBuffer> {
    const matrix = new Float32Array(rows.length * this.width);
    rows.forEach((row, index) => {
      for (const column of this.#columns) {
        const reason = column(row as Record<string, unknown>, matrix, index * this.width);
        if (reason === undefined) continue;
        refused(index, reason);
        break;
      }
    });
    return matrix;
  }
}

function numberColumn(name: string, offset: number): Column {
  return (row, matrix, start) => {
    const value = row[name];
    if (typeof value === 'number') {
      matrix[start + offset] = value;
      return undefined;
    }
    if (value === null || value === undefined) {
      matrix[start + offset] = Number.NaN;
      return undefined;
    }
    return `the feature '${name}' is a number or null, not ${shown(value)}`;
  };
}

function textColumns(name: string, categories: readonly string[], offset: number): Column {
  const columnOf = new Map(categories.map((category, index) => [category, offset + index]));
  return (row, matrix, start) => {
    const value = row[name];
    if (typeof value === 'string') {
      const column = columnOf.get(value);
      if (column !== undefined) matrix[start + column] = 1;
      return undefined;
    }
    if (value === null || value === undefined) return undefined;
    return `the feature '${name}' is a text or null, not ${shown(value)}`;
  };
}

function shown(value: unknown): string {
  return typeof value === 'string' ? `the text '${value}'` : `the ${typeof value} ${String(value)}`;
}
