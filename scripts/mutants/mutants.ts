/** A fault that the tests must notice. */
export interface Mutant {
  /** The invariant that it breaks; numbers as in `test/invariants`. */
  readonly invariant: number;
  readonly name: string;
  readonly file: string;
  /** Must occur exactly once in the file. */
  readonly from: string;
  readonly to: string;
  /** The test files of which one must turn red. */
  readonly tests: readonly string[];
}

const TASK = 'src/runtime/task.ts';
const WORKER = 'src/runtime/worker.ts';
const COMMITTER = 'src/runtime/committer.ts';
const OUTBOX = 'src/runtime/outbox.ts';
const PREDICT = 'src/operators/predict.ts';
const DISTINCT = 'src/operators/distinct.ts';
const VALIDATE = 'src/topology/validate.ts';

const TEST_1 = ['test/invariants/01-acknowledged-before-committed.test.ts'];
const TEST_2 = ['test/invariants/02-exactly-the-finished-prefix.test.ts'];
const TEST_3 = ['test/invariants/03-a-commit-waits-for-no-model.test.ts'];
const TEST_4 = ['test/invariants/04-memory-and-output-together.test.ts'];
const TEST_5 = ['test/invariants/05-revoked-is-not-lost.test.ts'];
const TEST_6 = ['test/invariants/06-disk-is-never-ahead.test.ts'];
const TEST_7 = ['test/invariants/07-bounded-in-flight.test.ts'];
const TEST_8 = ['test/invariants/08-one-bad-record.test.ts'];
const TEST_9 = ['test/invariants/09-order-of-a-key.test.ts'];
const TEST_10 = ['test/invariants/10-drain-and-stop.test.ts'];
const TEST_11 = ['test/invariants/11-asynchrony-is-invisible.test.ts'];
const ACCOUNTING = ['test/invariants/accounting.test.ts'];
const CRASHES = ['test/heart/crashes.test.ts'];

export const mutants: readonly Mutant[] = [
  {
    invariant: 1,
    name: 'offsets are committed before the acknowledgements',
    file: COMMITTER,
    from: 'await this.#producer.flush(CALL_TIMEOUT_MS).catch(',
    to: 'await Promise.resolve().catch(',
    tests: TEST_1,
  },
  {
    invariant: 1,
    name: 'a flush that failed is tried again',
    file: COMMITTER,
    from: 'await this.#producer.flush(CALL_TIMEOUT_MS).catch(',
    to: 'await retrying(this.#patience, () => this.#producer.flush(CALL_TIMEOUT_MS)).catch(',
    tests: TEST_1,
  },
  {
    invariant: 1,
    name: 'state changes do not go to the changelog',
    file: OUTBOX,
    from: 'if (topic !== undefined) {',
    to: "if (topic === '') {",
    tests: TEST_1,
  },
  {
    invariant: 1,
    name: 'a commit takes half of a record',
    file: OUTBOX,
    from: 'while (this.#begun && this.#refusal === undefined) {',
    to: 'while (this.#begun && this.#refusal !== undefined) {',
    tests: TEST_1,
  },
  {
    invariant: 2,
    name: 'a record is finished while a ticket is out',
    file: TASK,
    from: 'unit !== undefined && unit.outstanding === 0; unit',
    to: 'unit !== undefined && unit.outstanding <= 1; unit',
    tests: TEST_2,
  },
  {
    invariant: 2,
    name: 'who comes later leaves the lane first',
    file: 'src/operators/lane.ts',
    from: '    else this.#last.next = entry;\n    this.#last = entry;',
    to: '    else entry.next = this.#first;\n    this.#first = entry;\n    this.#last ??= entry;',
    tests: TEST_2,
  },
  {
    invariant: 3,
    name: 'a commit waits for what is in flight',
    file: WORKER,
    from: '    if (this.#rewind) return;\n    try {\n      await this.#committer.commit();',
    to:
      '    if (this.#rewind) return;\n    this.pause();\n    await this.#settle(this.#tasks.all, 10_000);\n' +
      '    this.resume();\n    try {\n      await this.#committer.commit();',
    tests: TEST_3,
  },
  {
    invariant: 3,
    name: 'a store may be reached from both sides',
    file: VALIDATE,
    from: 'if (paths.size > 1 && (asynchronous',
    to: 'if (paths.size > 99 && (asynchronous',
    tests: TEST_3,
  },
  {
    invariant: 4,
    name: 'a marker makes a duplicate of its own record',
    file: DISTINCT,
    from: 'marker.offset >= record.offset',
    to: 'marker.offset > record.offset',
    tests: TEST_4,
  },
  {
    invariant: 4,
    name: 'offsets are committed outside of the transaction',
    file: COMMITTER,
    from: 'this.#producer.sendOffsets(offsets, this.#consumer)',
    to: 'this.#consumer.commit(offsets)',
    tests: CRASHES,
  },
  {
    invariant: 4,
    name: 'the memory of another version is taken',
    file: PREDICT,
    from: 'remembered.model === identity.name && remembered.version === identity.version ? remembered : undefined',
    to: 'remembered.model === identity.name ? remembered : undefined',
    tests: TEST_4,
  },
  {
    invariant: 5,
    name: 'revoked partitions go without a commit',
    file: WORKER,
    from: '      await this.commit();\n      if (this.#rewind) await',
    to: '      if (this.#rewind) await',
    tests: TEST_5,
  },
  {
    invariant: 5,
    name: 'a rebalance does not wait its turn',
    file: WORKER,
    from: 'await this.#settle(leaving, this.#settings.revokeDeadlineMs);',
    to: 'await this.#settle(leaving, 0);',
    tests: TEST_5,
  },
  {
    invariant: 5,
    name: 'what lost partitions have written is committed',
    file: WORKER,
    from: '    this.#rewind = true;\n    await this.#committer.idle();',
    to: '    await this.#committer.idle();',
    tests: TEST_5,
  },
  {
    invariant: 6,
    name: 'state reaches the disk before the commit',
    file: COMMITTER,
    from: '      await this.#protocol.commit(taken);\n    } catch',
    to:
      '      await this.#apply(taken);\n' +
      '      for (const [task, { sequence }] of taken) for (const store of task.stores) store.takeUpTo(sequence);\n' +
      '      await this.#protocol.commit(taken);\n    } catch',
    tests: TEST_6,
  },
  {
    invariant: 6,
    name: 'the position is not written',
    file: COMMITTER,
    from: 'store.committed(positions.get(store.declaration.name) ?? 0)',
    to: 'store.committed(0)',
    tests: TEST_6,
  },
  {
    invariant: 6,
    name: 'the position is ahead of the changelog',
    file: 'src/runtime/progress.ts',
    from: 'moving.positions.set(store, position + 1)',
    to: 'moving.positions.set(store, position + 5)',
    tests: TEST_6,
  },
  {
    invariant: 6,
    name: 'a store of unknown position is not rebuilt',
    file: 'src/runtime/restore.ts',
    from: 'const start = known ? position : low;',
    to: 'const start = position ?? low;',
    tests: TEST_6,
  },
  {
    invariant: 7,
    name: 'there is no backpressure',
    file: 'src/runtime/capacity.ts',
    from: 'return bytes >= this.#limits.bytes ? 0 : Math.max(0, this.#limits.records - records);',
    to: 'return this.#limits.records + bytes * records * 0;',
    tests: TEST_7,
  },
  {
    invariant: 7,
    name: 'bytes do not count',
    file: 'src/runtime/capacity.ts',
    from: 'bytes >= this.#limits.bytes ? 0 : ',
    to: '',
    tests: TEST_7,
  },
  {
    invariant: 7,
    name: 'nobody polls while there is no room',
    file: WORKER,
    from: 'this.#lastPoll + maxPollIntervalMs / 3',
    to: 'this.#lastPoll + maxPollIntervalMs * 3',
    tests: TEST_7,
  },
  {
    invariant: 8,
    name: 'a failed record keeps its state changes',
    file: TASK,
    from: 'for (const store of this.stores) store.discard(unit.sequence);',
    to: '',
    tests: TEST_8,
  },
  {
    invariant: 8,
    name: 'a failed record keeps its outputs',
    file: TASK,
    from: '    unit.outputs = [];\n    unit.changes = [];\n',
    to: '',
    tests: TEST_8,
  },
  {
    invariant: 8,
    name: 'fail does not commit the prefix',
    file: WORKER,
    from: "if (this.#phase !== 'stopping') await this.#finish();",
    to: "if (this.#phase !== 'stopping' && this.#failure === undefined) await this.#finish();",
    tests: TEST_8,
  },
  {
    invariant: 8,
    name: 'a record that the broker refuses is tried for ever',
    file: WORKER,
    from: ' && !refusesRecord(error)',
    to: '',
    tests: TEST_8,
  },
  {
    invariant: 8,
    name: 'a commit that failed is followed by another',
    file: COMMITTER,
    from: 'if (this.#failure !== undefined) throw this.#failure.error;',
    to: '',
    tests: TEST_8,
  },
  {
    invariant: 9,
    name: 'a change that was delivered passes again',
    file: DISTINCT,
    from: "context.count('duplicate');\n      return;",
    to: "context.count('duplicate');",
    tests: TEST_9,
  },
  {
    invariant: 9,
    name: 'state may be kept behind another key',
    file: VALIDATE,
    from: 'if (changer !== undefined && storesOf(node).length > 0) {',
    to: 'if (changer !== undefined && storesOf(node).length > 99) {',
    tests: TEST_9,
  },
  {
    invariant: 10,
    name: 'drain is stop',
    file: WORKER,
    from: "      this.#phase = 'draining';",
    to: "      this.#phase = 'stopping';",
    tests: TEST_10,
  },
  {
    invariant: 10,
    name: 'a second signal is ignored',
    file: WORKER,
    from: "if (this.#phase !== 'ended') this.#phase = 'stopping';",
    to: "if (this.#phase === 'running') this.#phase = 'stopping';",
    tests: TEST_10,
  },
  {
    invariant: 10,
    name: 'whoever stops waits for a broker that is away',
    file: WORKER,
    from: "over: () => this.#phase === 'stopping' || this.#phase === 'ended',",
    to: 'over: () => false,',
    tests: TEST_10,
  },
  {
    invariant: 11,
    name: 'readers of a failed record are not run again',
    file: TASK,
    from: 'if (unit.readBy !== undefined && unit.failure !== undefined) this.#runAgainFrom(unit.readBy);',
    to: '',
    tests: TEST_11,
  },
  {
    invariant: 11,
    name: 'results of an earlier run are taken',
    file: TASK,
    from: 'return this.unit.run !== this.#run || this.#task.dropped(this.unit);',
    to: 'return this.#task.dropped(this.unit);',
    tests: TEST_11,
  },
  {
    invariant: 11,
    name: 'a question in flight is not shared',
    file: PREDICT,
    from: '} else if (uncertain) {',
    to: '} else if (uncertain && ofSameRecord) {',
    tests: TEST_11,
  },
  {
    invariant: 11,
    name: 'a record that is run again asks again',
    file: PREDICT,
    from: 'if (before?.fingerprint === fingerprint) {',
    to: "if (before?.fingerprint === '') {",
    tests: TEST_11,
  },
  {
    invariant: 11,
    name: 'stream time is that of records read meanwhile',
    file: TASK,
    from: 'return this.#working?.streamTime ?? this.#streamTime;',
    to: 'return this.#streamTime;',
    tests: TEST_11,
  },
  {
    invariant: 11,
    name: 'claims that are over take later ones of their key along',
    file: 'src/operators/claims.ts',
    from: '    if (claims.length === 0) return false;\n',
    to: '',
    tests: ['test/operators/claims.test.ts'],
  },
  {
    invariant: 11,
    name: 'the answer to another question of the record is taken',
    file: 'src/runtime/unit.ts',
    from: 'return at.taken - 1;',
    to: 'return 0;',
    tests: TEST_11,
  },
  {
    invariant: 0,
    name: 'what an abort sets back stays counted',
    file: 'src/runtime/tally.ts',
    from: '    this.#read = total(this.#finished);\n',
    to: '',
    tests: ACCOUNTING,
  },
];
