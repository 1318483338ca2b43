/**
 * What a record keeps of a change once its row is taken off, read from the change when it is asked for: few programs ask,
 * and reading all of it takes as long as the row itself.
 *
 * It looks like a plain object: `in`, `Object.keys`, spreading, `JSON.stringify`, `console.log` and a test's `toEqual` see
 * its members. (`structuredClone` does not take it: clone `{ ...context }`.)
 */
import { inspect } from 'node:util';
import type { Change } from '../cdc/change.js';
import type { ChangeContext } from '../record.js';
import { readOnly } from '../serde/lazy-object.js';

type Member = keyof Required<Omit<ChangeContext, 'route'>>;

const READERS: Readonly<Record<Member, (change: Change<unknown>) => unknown>> = {
  db: ({ source }) => source.db,
  schema: ({ source }) => source.schema,
  table: ({ source }) => source.table,
  op: ({ op }) => op,
  lsn: ({ source: { lsn } }) => (lsn === null || lsn === undefined ? null : BigInt(lsn)),
  txId: ({ source: { txId } }) => (txId === null || txId === undefined ? null : Number(txId)),
  sequence: ({ source }) => source.sequence ?? null,
  tsMs: ({ source }) => source.ts_ms,
};

const MEMBERS = new Map<string | symbol, (change: Change<unknown>) => unknown>(Object.entries(READERS));
const NAMES = Object.keys(READERS);

/**
 * What a record keeps of a change.
 *
 * @example
 * changeContextOf(change).lsn // 29260208n
 */
export function changeContextOf(change: Change<unknown>): ChangeContext {
  return new Proxy(new OfChange(change), HANDLER) as unknown as ChangeContext;
}

/** What stands behind the proxy that users see. */
class OfChange {
  constructor(readonly change: Change<unknown>) {}

  /** For `console.log`, which asks the target; called on the proxy, so that spreading gives the members. */
  [inspect.custom](): unknown {
    return { ...this };
  }
}

const HANDLER: ProxyHandler<OfChange> = {
  get(target, name) {
    const read = MEMBERS.get(name);
    return read === undefined ? Reflect.get(Object.prototype, name) : read(target.change);
  },
  has: (_target, name) => MEMBERS.has(name) || name in Object.prototype,
  ownKeys: () => NAMES,
  // Equal, also strictly, to the plain object of the same members.
  getPrototypeOf: () => Object.prototype,
  getOwnPropertyDescriptor(target, name) {
    const read = MEMBERS.get(name);
    return read && { value: read(target.change), enumerable: true, configurable: true, writable: false };
  },
  set: (_target, name) => readOnly(name),
  defineProperty: (_target, name) => readOnly(name),
  deleteProperty: (_target, name) => readOnly(name),
};
