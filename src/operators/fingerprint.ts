import { createHash } from 'node:crypto';

/** Characters of base64url; 48 bits. */
const MARK_LENGTH = 8;
/** Marks kept; beyond that they are forgotten all at once. */
const MOST_MARKS = 64;

/**
 * Texts that two sets of features share only if they are equal, for one place where features are made.
 *
 * Features are mostly one flat object of texts and numbers, with the same names each time. Its names are a mark at the
 * beginning, the first bits of their SHA-256, and its values follow in their order: a store keeps one such text for each
 * key. A text is written behind its length, so that none can look like the next value. Everything else is JSON.
 */
export class Fingerprints {
  readonly #marks = new Map<string, string>();
  /** Undefined before the first. */
  #names: readonly string[] | undefined;
  #mark = '';

  of(features: unknown): string {
    if (typeof features !== 'object' || features === null || Array.isArray(features)) return json(features);
    return this.#flat(features) ?? this.#learned(features) ?? json(features);
  }

  /** Undefined when it is not flat, or has other names than the last. */
  #flat(features: object): string | undefined {
    const names = this.#names;
    if (names === undefined) return undefined;
    let text = this.#mark;
    let at = 0;
    for (const name in features) {
      if (name !== names[at]) return undefined;
      at += 1;
      const value = (features as Record<string, unknown>)[name];
      if (typeof value === 'string') text += `${value.length}:${value};`;
      else if (typeof value === 'number' || value === null || typeof value === 'boolean') text += `${value};`;
      else return undefined;
    }
    return at === names.length ? text : undefined;
  }

  #learned(features: object): string | undefined {
    const names: string[] = [];
    for (const name in features) names.push(name);
    this.#names = names;
    this.#mark = this.#markOf(JSON.stringify(names));
    return this.#flat(features);
  }

  #markOf(names: string): string {
    let mark = this.#marks.get(names);
    if (mark === undefined) {
      mark = `${createHash('sha256').update(names).digest('base64url').slice(0, MARK_LENGTH)} `;
      if (this.#marks.size >= MOST_MARKS) this.#marks.clear();
      this.#marks.set(names, mark);
    }
    return mark;
  }
}

/** Never begins as a mark does: eight letters or digits and a space. */
function json(features: unknown): string {
  const text = JSON.stringify(features, (_name, value) => (typeof value === 'bigint' ? `${value}n` : value));
  return text ?? 'undefined';
}
