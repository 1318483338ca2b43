/**
 * A task: one subtopology on one partition of its topics. It numbers its records, runs them through its operators,
 * and lets go of what they emit in their order.
 *
 * Job: from records to finished units. Boundary: it knows no broker client; what is finished goes to its port.
 *
 * The invariants it keeps (numbers as in DECISIONS.md and `test/invariants`):
 *
 *  2. What is let go is exactly the finished prefix. Calls run ahead; whatever a record emits (every branch, dead
 *     letter, state change) stays in its unit until it and all before it are finished.
 *  3. Nothing here waits: state writes carry the number of their record, so a commit can take any prefix.
 *  8. A failed record leaves nothing. Its failure is decided when its turn comes, when all before it are finished.
 *  9. Units finish in the order of their records, so a later change never overtakes an earlier one.
 * 11. Asynchrony is invisible in the results: a record that read what a failed one wrote is run again, with the
 *     answers it already has.
 *
 * How a record keeps its thread: everything between two asynchronous steps is one synchronous call, so the task keeps
 * one register, the unit being worked on. An asynchronous operator takes a ticket for it, and when the result's turn
 * comes, `resume` sets the register back. No ticket out: the unit is done; done up to here: the finished prefix.
 */
import type { ConsumedRecord, ProduceRequest } from '../brokers/port.js';
import type { Clock } from '../clock.js';
import type { ErrorHandler } from '../error-handler.js';
import { asError, type RecordError } from '../errors.js';
import type { ModelDeclaration, Oracle } from '../model/model.js';
import { setTaskAtWork, taskAtWork } from '../operators/environment.js';
import type { Countable, Ticket } from '../operators/operator.js';
import type { StoreChange, StoreDeclaration } from '../state/store.js';
import type { TaskStore } from '../state/task-store.js';
import type { Writer } from '../state/writer.js';
import { failureOf, type Located, located } from './failure.js';
import { InFlight } from './in-flight.js';
import { LaterOutput, UNWRITTEN } from './later-output.js';
import { Schedules } from './schedules.js';
import { type Failure, type Outcome, type Output, Unit, type UnitChange } from './unit.js';

/** What a task asks of the application around it. */
export interface TaskPort {
  readonly clock: Clock;
  oracle<F, P>(model: ModelDeclaration<F, P>): Oracle<F, P>;
  /** The application's handler for a phase. */
  handler(phase: RecordError['phase']): ErrorHandler;
  /** The record for the dead-letter topic. */
  deadLetter(raw: ConsumedRecord, error: RecordError): ProduceRequest;
  /** A unit is finished: its outputs may be produced, and after them its offset committed. */
  finished(unit: Unit, task: Task): void;
  /** A record failed and was decided `fail`: the task has stopped before it. */
  stopped(error: RecordError, task: Task): void;
  count(what: Countable): void;
  /** An output cannot be written just now; it is tried again. For the log. */
  retrying?(error: Error): void;
  /** A record was skipped or dead-lettered; for the log. */
  dropped(error: RecordError, decision: 'skip' | 'dead-letter'): void;
}

class HeldTicket implements Ticket {
  readonly unit: Unit;
  readonly #run: number;
  readonly #lane: number;
  readonly #keptAt: number;
  readonly #place: number;
  readonly #task: Task;

  /** @param keptAt the node that keeps something on the ticket */
  constructor(task: Task, unit: Unit, lane: number, keptAt = lane) {
    this.#task = task;
    this.unit = unit;
    this.#run = unit.run;
    this.#lane = lane;
    this.#keptAt = keptAt;
    this.#place = unit.takeTicket(keptAt);
  }

  get sequence(): number {
    return this.unit.sequence;
  }

  get stale(): boolean {
    return this.unit.run !== this.#run || this.#task.dropped(this.unit);
  }

  get finished(): boolean {
    return this.unit.outcome !== undefined;
  }

  get failed(): boolean {
    return this.finished && this.unit.failure !== undefined;
  }

  get kept(): unknown {
    return this.unit.keptAt(this.#keptAt, this.#place);
  }

  set kept(value: unknown) {
    this.unit.keep(this.#keptAt, this.#place, value);
  }

  get lane(): number {
    return this.#lane;
  }
}

export class Task implements Writer {
  /** `<subtopology>_<partition>`, as Kafka Streams names tasks. */
  readonly id: string;
  readonly partition: number;
  readonly stores: readonly TaskStore[];
  readonly port: TaskPort;
  readonly schedules: Schedules;
  readonly #inFlight = new InFlight();
  readonly #closing: (() => void)[] = [];
  #process: (raw: ConsumedRecord) => void = () => {};
  #sequence = 0;
  #working: Unit | undefined;
  #lane = 0;
  #advancing = false;
  #stopped = false;
  /** Units numbered up to here are dropped: their partition was lost, or the task was set back. */
  #droppedUpTo = 0;
  #bytes = 0;
  #streamTime = -1;

  constructor(id: string, partition: number, port: TaskPort) {
    this.id = id;
    this.partition = partition;
    this.port = port;
    this.stores = [];
    this.schedules = new Schedules(port.clock, (run) => this.#start(undefined, 0, run));
  }

  /** Gives the task its stores and its operators: done once, by the wiring. */
  bind(process: (raw: ConsumedRecord) => void, stores: readonly TaskStore[]): void {
    this.#process = process;
    (this as { stores: readonly TaskStore[] }).stores = stores;
  }

  /** Records and punctuations that are not finished. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Bytes held by what is in flight. */
  get inFlightBytes(): number {
    return this.#bytes;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** The largest timestamp up to the record being worked on: later ones that were read meanwhile do not count. */
  get streamTime(): number {
    return this.#working?.streamTime ?? this.#streamTime;
  }

  /** Runs the next record. Its outcome may come later. */
  process(raw: ConsumedRecord): void {
    if (this.#stopped) return;
    const bytes = (raw.key?.length ?? 0) + (raw.value?.length ?? 0);
    this.#start(raw, bytes, () => this.#process(raw));
    this.schedules.streamTimeIs(this.#streamTime);
  }

  /** The record being worked on is a dead letter that comes back: it stands for the one that it was. */
  standsFor(origin: ConsumedRecord): void {
    this.#atWork().origin = origin;
  }

  /** Whether the record being worked on stands for another. */
  get redriven(): boolean {
    const unit = this.#atWork();
    return unit.origin !== unit.raw;
  }

  /** The event time of the record being worked on. */
  observeTime(timestamp: number): void {
    const unit = this.#atWork();
    if (timestamp > unit.streamTime) unit.streamTime = timestamp;
    if (timestamp > this.#streamTime) this.#streamTime = timestamp;
  }

  /** Forgets everything that is not finished, for good (partition lost) or to run it again (transaction aborted). */
  drop(): void {
    this.#droppedUpTo = this.#sequence;
    this.#inFlight.clear();
    this.#bytes = 0;
    this.#stopped = false;
    // What is read again brings its time with it, and its punctuations, as after a restart.
    this.#streamTime = -1;
    this.schedules.setBack();
    for (const store of this.stores) store.dropUncommitted();
  }

  dropped(unit: Unit): boolean {
    return unit.sequence <= this.#droppedUpTo && unit.outcome === undefined;
  }

  onClose(callback: () => void): void {
    this.#closing.push(callback);
  }

  /** Stops timers and operators. What is in flight is dropped. */
  close(): void {
    this.drop();
    this.#stopped = true;
    this.schedules.close();
    for (const callback of this.#closing) callback();
  }

  // Writer: what stores ask

  sequence(): number {
    return this.#atWork().sequence;
  }

  wrote(store: StoreDeclaration, change: StoreChange): void {
    const unit = this.#atWork();
    const entry: UnitChange = { store: store.name, change };
    unit.changed(entry);
  }

  read(writerSequence: number): void {
    const writer = this.#inFlight.at(writerSequence);
    const reader = this.#atWork().sequence;
    if (writer !== undefined && (writer.readBy === undefined || reader < writer.readBy)) writer.readBy = reader;
  }

  // What bound operators ask, through their context

  hold(lane: number): HeldTicket {
    const unit = this.#atWork();
    unit.outstanding += 1;
    return new HeldTicket(this, unit, lane);
  }

  resume(ticket: Ticket, node: string, deliver: () => void): void {
    const { unit, lane, stale } = ticket as HeldTicket;
    if (stale) return;
    this.#workOn(unit, lane, deliver, node);
    this.#giveBack(unit);
  }

  fail(ticket: Ticket, located: Located, onError: ErrorHandler | undefined): void {
    const { unit, lane, stale } = ticket as HeldTicket;
    if (stale) return;
    unit.fail(failureOf(located, unit.origin, lane, onError));
    this.#giveBack(unit);
  }

  whenFinished(earlier: Ticket, waiting: Ticket, callback: () => void): void {
    const { unit, stale } = earlier as HeldTicket;
    if (stale) return;
    const run = () => this.#revisit(waiting as HeldTicket, callback);
    if (unit.outcome !== undefined) run();
    else if (unit.whenFinished === undefined) unit.whenFinished = [run];
    else unit.whenFinished.push(run);
  }

  /** The record being worked on emits to a topic. */
  emit(request: ProduceRequest): void {
    const output: Output = { request: UNWRITTEN, lane: this.#lane };
    this.#atWork().emitted(output);
    this.fill(output, request);
  }

  /** The record being worked on emits what cannot be written yet; it keeps its place among the outputs. */
  emitLater(node: string, place: number, write: () => ProduceRequest): LaterOutput {
    const unit = this.#atWork();
    const output: Output = { request: UNWRITTEN, lane: this.#lane };
    unit.emitted(output);
    unit.outstanding += 1;
    return new LaterOutput(this, node, new HeldTicket(this, unit, this.#lane, place), output, write);
  }

  /** An output of the record being worked on is written. */
  fill(output: Output, request: ProduceRequest): void {
    const unit = this.#atWork();
    const bytes = (request.key?.length ?? 0) + (request.value?.length ?? 0);
    unit.bytes += bytes;
    this.#bytes += bytes;
    output.request = request;
  }

  /** The record being worked on has come to an end that is no sink. */
  consumed(): void {
    this.#atWork().consumed = true;
  }

  #atWork(): Unit {
    if (this.#working === undefined) {
      throw new Error(
        `task ${this.id}: no record is being worked on. Stores and forward() are used only while a record passes: ` +
          `take results of asynchronous calls with mapAsync()`,
      );
    }
    return this.#working;
  }

  #start(raw: ConsumedRecord | undefined, bytes: number, work: () => void): void {
    if (this.#stopped) return;
    this.#sequence += 1;
    const unit = new Unit(this.#sequence, raw, bytes, this.#streamTime, work);
    this.#bytes += bytes;
    this.#inFlight.push(unit);
    this.#runUnit(unit);
    this.#advance();
  }

  #runUnit(unit: Unit): void {
    unit.outstanding = 1;
    this.#workOn(unit, 0, unit.work);
    unit.outstanding -= 1;
  }

  /** One synchronous piece of work on a unit. */
  #workOn(unit: Unit, lane: number, work: () => void, node = 'the runtime'): void {
    const unitBefore = this.#working;
    const laneBefore = this.#lane;
    const taskBefore = taskAtWork();
    this.#working = unit;
    this.#lane = lane;
    setTaskAtWork(this.id);
    try {
      work();
    } catch (thrown) {
      unit.fail(failureOf(located(thrown, node, 'processing'), unit.origin, lane, undefined));
    } finally {
      this.#working = unitBefore;
      this.#lane = laneBefore;
      setTaskAtWork(taskBefore);
    }
  }

  /** Works on a record whose ticket stays out. */
  #revisit(ticket: HeldTicket, work: () => void): void {
    if (ticket.stale) return;
    const { unit } = ticket;
    const { failure } = unit;
    this.#workOn(unit, ticket.lane, work);
    if (unit.failure !== failure) this.#giveBack(unit);
  }

  #giveBack(unit: Unit): void {
    unit.outstanding -= 1;
    if (unit.outstanding === 0) this.#advance();
  }

  /** Finishes what is done, in order. */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      for (let unit = this.#inFlight.first; unit !== undefined && unit.outstanding === 0; unit = this.#inFlight.first) {
        if (this.#stopped) return;
        if (unit.failure === undefined) this.#finish(unit, outcomeOf(unit));
        else if (!this.#decide(unit, unit.failure)) return;
      }
    } finally {
      this.#advancing = false;
    }
  }

  #finish(unit: Unit, outcome: Outcome): void {
    this.#inFlight.shift();
    this.#bytes -= unit.bytes;
    unit.outcome = outcome;
    unit.forget();
    this.port.finished(unit, this);
    if (unit.readBy !== undefined && unit.failure !== undefined) this.#runAgainFrom(unit.readBy);
    const callbacks = unit.whenFinished;
    unit.whenFinished = undefined;
    if (callbacks !== undefined) for (const callback of callbacks) callback();
  }

  /** All before the failed unit is finished: its handler decides. Returns false when the task stops here. */
  #decide(unit: Unit, failure: Failure): boolean {
    const decision = this.#decisionOn(failure);
    if (decision === 'fail' || unit.origin === undefined) {
      this.#stopped = true;
      this.port.stopped(failure.error, this);
      return false;
    }
    for (const store of this.stores) store.discard(unit.sequence);
    unit.outputs = [];
    unit.changes = [];
    if (decision === 'dead-letter') {
      unit.outputs.push({ request: this.port.deadLetter(unit.origin, failure.error), lane: 0 });
    }
    this.#finish(unit, decision === 'skip' ? 'skipped' : 'dead-lettered');
    this.port.dropped(failure.error, decision);
    return true;
  }

  #decisionOn(failure: Failure): ReturnType<ErrorHandler> {
    try {
      return (failure.onError ?? this.port.handler(failure.error.phase))(failure.error);
    } catch (thrown) {
      failure.error.message += ` (and its handler threw: ${asError(thrown).message})`;
      return 'fail';
    }
  }

  /** A record that failed was read by later ones: they have seen what never was, and are run again. */
  #runAgainFrom(sequence: number): void {
    const units = this.#inFlight.from(sequence);
    for (const store of this.stores) store.discardFrom(sequence);
    for (const unit of units) {
      for (const { request } of unit.outputs) {
        const bytes = (request.key?.length ?? 0) + (request.value?.length ?? 0);
        unit.bytes -= bytes;
        this.#bytes -= bytes;
      }
      unit.startAgain();
    }
    for (const unit of units) this.#runUnit(unit);
  }
}

function outcomeOf(unit: Unit): Outcome {
  return unit.outputs.length > 0 || unit.consumed ? 'delivered' : 'filtered';
}
