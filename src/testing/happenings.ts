/** What happens on an Observable of records, by frames, and how it is written in marbles. */
import { isDeepStrictEqual } from 'node:util';
import { TestScheduler } from 'rxjs/testing';
import { shown } from './differences.js';

/** A record, an error or the end, at a frame. */
export type Happening =
  | { readonly frame: number; readonly kind: 'record'; readonly record: unknown }
  | { readonly frame: number; readonly kind: 'error'; readonly error: unknown }
  | { readonly frame: number; readonly kind: 'complete' };

/** Gaps that are longer are written as a time: ` 1999ms `. */
const LONGEST_DASHES = 24;

/** Reads a diagram, as RxJS has it. A frame is a millisecond: only inside the setting up of a marble test. */
export function parseDiagram(
  diagram: string,
  records: Readonly<Record<string, unknown>>,
  error: unknown,
): readonly Happening[] {
  return TestScheduler.parseMarbles(diagram, records, error, true, true).map(({ frame, notification }): Happening => {
    if (notification.kind === 'N') return { frame, kind: 'record', record: notification.value };
    if (notification.kind === 'E') return { frame, kind: 'error', error: notification.error };
    return { frame, kind: 'complete' };
  });
}

/** The letters of records in a diagram: those that the test gave, and new ones for what it did not know. */
export class Letters {
  readonly #known: [letter: string, record: unknown][];
  readonly #new: string[] = [];

  constructor(records: Readonly<Record<string, unknown>>) {
    this.#known = Object.entries(records);
  }

  of(happening: Happening): string {
    if (happening.kind === 'error') return '#';
    if (happening.kind === 'complete') return '|';
    const known = this.#known.find(([, record]) => isDeepStrictEqual(record, happening.record));
    if (known !== undefined) return known[0];
    const used = new Set(this.#known.map(([letter]) => letter));
    const letter = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'].find((each) => !used.has(each)) ?? '?';
    this.#known.push([letter, happening.record]);
    this.#new.push(letter);
    return letter;
  }

  /** What the new letters stand for. */
  legend(): readonly string[] {
    return this.#known
      .filter(([letter]) => this.#new.includes(letter))
      .map(([letter, it]) => `${letter} = ${shown(it)}`);
  }
}

/** Writes a diagram that `parseDiagram` would read; where marbles cannot say it, each frame by its number. */
export function writeDiagram(happenings: readonly Happening[], letters: Letters): string {
  const frames = new Map<number, string[]>();
  for (const happening of happenings) {
    frames.set(happening.frame, [...(frames.get(happening.frame) ?? []), letters.of(happening)]);
  }
  let diagram = '';
  let at = 0;
  for (const [frame, group] of frames) {
    const text = group.length === 1 ? group.join('') : `(${group.join('')})`;
    if (frame < at) return [...frames].map(([when, what]) => `${when}: ${what.join(' ')}`).join(', ');
    diagram += gap(frame - at) + text;
    at = frame + text.length;
  }
  return diagram === '' ? "'-'" : `'${diagram.trimStart()}'`;
}

function gap(frames: number): string {
  return frames <= LONGEST_DASHES ? '-'.repeat(frames) : ` ${frames}ms `;
}
