/** Two processes of one group under fire: acts are done to them as planned, and everyone is up again in the end. */
import { setTimeout as wait } from 'node:timers/promises';
import type { TestKafka } from '../brokers/kafka/real-kafka.js';
import type { Exit } from '../e2e/millrace-process.js';
import type { Act } from './acts.js';
import type { Disturbance } from './disturbance.js';
import { Member, type MemberSettings, type Outcome } from './member.js';

const LOOK_EVERY_MS = 50;
/** What a process says at its end, as much as a reader of the report wants to see. */
const LAST_LINES = 600;

/** What happened under fire. */
export interface FireReport {
  readonly disturbances: readonly Disturbance[];
  /** Processes that ended though nobody had done anything to them that asks for it. */
  readonly unexpectedEnds: readonly string[];
  /** Zombies that neither ended nor rejoined, or did not say why. */
  readonly unclear: readonly string[];
  readonly outcomes: Readonly<Record<Outcome['how'], number>>;
}

export class Fire {
  readonly members: readonly [Member, Member];
  readonly #kafka: TestKafka;
  readonly #say: (line: string) => void;
  readonly #disturbances: Disturbance[] = [];
  readonly #unexpectedEnds: string[] = [];
  readonly #unclear: string[] = [];
  readonly #outcomes = { ended: 0, rejoined: 0, neither: 0 };
  /** Members that something is being done to. */
  readonly #busy = new Set<Member>();
  readonly #underWay = new Set<Promise<void>>();
  #brokerIsAway = false;
  #failure: unknown;

  constructor(kafka: TestKafka, settings: MemberSettings, say: (line: string) => void) {
    this.#kafka = kafka;
    this.#say = say;
    this.members = [new Member('a', settings), new Member('b', settings)];
  }

  get report(): FireReport {
    return {
      disturbances: this.#disturbances,
      unexpectedEnds: this.#unexpectedEnds,
      unclear: this.#unclear,
      outcomes: this.#outcomes,
    };
  }

  /** Starts both, and waits until both run. */
  async begin(): Promise<void> {
    for (const member of this.members) this.#start(member);
    await Promise.all(this.members.map((member) => member.running()));
  }

  /** Does what is planned, until all is done or the time is over. @returns when everyone is up again */
  async rage(plan: readonly Act[], until: number): Promise<void> {
    for (const act of plan) {
      if (act.kind === 'broker') await wait(act.after);
      const member = act.kind === 'broker' ? undefined : await this.#victim(act, until);
      if (Date.now() > until || this.#failure !== undefined) break;
      this.#do(act, member);
    }
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Drains both. @returns those that did not end with exit code 0 */
  async end(): Promise<readonly string[]> {
    const badEnds: string[] = [];
    for (const member of this.members) {
      if (!member.isUp) continue;
      const { code, signal } = await member.drain();
      if (code !== 0) badEnds.push(`${member.name} ended with ${code ?? signal} when it was drained`);
    }
    return badEnds;
  }

  async bury(): Promise<void> {
    for (const member of this.members) await member.bury();
  }

  #do({ kind, pause }: Act, member: Member | undefined): void {
    if (member === undefined) {
      this.#goOn(this.#restartBroker());
      return;
    }
    this.#busy.add(member);
    const doing = { kill: this.#kill, zombie: this.#freeze, replaced: this.#replace, broker: this.#restartBroker }[
      kind
    ];
    this.#goOn(doing.call(this, member, pause).finally(() => this.#busy.delete(member)));
  }

  /**
   * The wanted process when it is ready for it and nothing is being done to it, else the other: waits until one has been
   * so for a while. @param until when waiting is given up
   */
  async #victim({ victim, when, after }: Act, until: number): Promise<Member | undefined> {
    const order = [this.members[victim], this.members[1 - victim]!];
    const isReady = (member: Member) =>
      !this.#busy.has(member) && (when === 'working' ? member.isWorking : member.isUp);
    for (;;) {
      const found = order.find(isReady);
      await wait(found === undefined ? LOOK_EVERY_MS : after);
      if (found !== undefined && isReady(found)) return found;
      if (Date.now() > until || this.#failure !== undefined) return undefined;
    }
  }

  async #kill(member: Member, pause: number): Promise<void> {
    this.#begun('kill', `kill -9 of ${member.name}, started again after ${seconds(pause)}`);
    await member.kill();
    await wait(pause);
    this.#start(member);
  }

  async #freeze(member: Member, pause: number): Promise<void> {
    const zombie = this.#begun('zombie', `SIGSTOP of ${member.name} for ${seconds(pause)}`);
    member.freeze();
    await wait(pause);
    this.#say(`SIGCONT of ${member.name}`);
    this.#judged(`the zombie ${member.name}`, await member.thaw());
    zombie.to = Date.now();
  }

  async #replace(member: Member, pause: number): Promise<void> {
    const zombie = this.#begun('replaced', `SIGSTOP of ${member.name}, its name started elsewhere`);
    member.freeze();
    const thaw = member.replace((exit, transcript) => this.#ended(member, exit, transcript));
    await member.running().catch((thrown: unknown) => this.#say(`its successor does not run: ${thrown}`));
    await wait(pause);
    this.#say(`SIGCONT of the former ${member.name}`);
    const outcome = await thaw();
    this.#judged(`the former ${member.name}`, outcome);
    if (outcome.how === 'rejoined')
      this.#unclear.push(`the former ${member.name} came back under a name that was taken`);
    zombie.to = Date.now();
  }

  async #restartBroker(): Promise<void> {
    const broker = this.#begun('broker', 'kill -9 of the broker');
    this.#brokerIsAway = true;
    await this.#kafka.restart();
    this.#brokerIsAway = false;
    broker.to = Date.now();
    this.#say('the broker is back');
  }

  #start(member: Member): void {
    member.start((exit, transcript) => this.#ended(member, exit, transcript));
  }

  /** As a supervisor would, it starts it again. */
  #ended(member: Member, { code, signal }: Exit, transcript: string): void {
    this.#say(`${member.name} has ended with ${code ?? signal}`);
    // One that cannot reach the broker when it starts gives up; one that is fenced, too.
    const mayEnd = this.#busy.has(member) || this.#brokerIsAway;
    if (!mayEnd || code !== 1) {
      this.#unexpectedEnds.push(`${member.name} ended with ${code ?? signal}: ${transcript.trim().slice(-LAST_LINES)}`);
    }
    this.#start(member);
  }

  #begun(kind: Disturbance['kind'], what: string): Disturbance {
    const now = Date.now();
    const disturbance: Disturbance = { kind, what, from: now, to: now };
    this.#disturbances.push(disturbance);
    this.#say(what);
    return disturbance;
  }

  #judged(who: string, { how, said, hadNothing }: Outcome): void {
    this.#outcomes[how] += 1;
    this.#say(`${who}: ${how}${said.length === 0 ? '' : `, saying: ${said[0]}`}`);
    if (how === 'neither') this.#unclear.push(`${who} neither ended nor rejoined`);
    else if (said.length === 0 && !hadNothing) this.#unclear.push(`${who} ${how} without a word`);
  }

  #goOn(doing: Promise<void>): void {
    const done = doing
      .catch((thrown: unknown) => {
        this.#failure ??= thrown;
      })
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
