/** What a replay is told, and what follows from it. */
import type { ApplicationConfig } from '../app/config.js';
import { renamedTopics } from '../app/renamed-topics.js';
import type { Broker } from '../brokers/port.js';
import type { Clock } from '../clock.js';
import { ConfigurationError } from '../errors.js';
import type { StoreEngines } from '../state/store.js';
import type { Topology } from '../topology/graph.js';
import { edgeText, type ReplayEdge } from './edge.js';
import { replayApplicationId } from './plan.js';
import type { ReplayFilter } from './redirect.js';

/** What is replayed, where to, and with what. */
export interface ReplayOptions {
  /** Names the replay: with the live `application.id` it makes its group, its topics, its state. Default `default`. */
  readonly name?: string;
  /** The live application's configuration; what is to be different in the replay (a model) is different here. */
  readonly config: ApplicationConfig;
  readonly broker: Broker;
  /** Opens the state in a folder of the replay's own: `(folder) => lmdbEngines(join('.millrace/state', folder))`. */
  readonly engines: (folder: string) => StoreEngines;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default `beginning`. */
  readonly from?: ReplayEdge;
  /** Default `now`. */
  readonly to?: ReplayEdge;
  /** Partitions to be replayed, of every input. Default: all. */
  readonly partitions?: readonly number[];
  /** Records to be replayed. Default: all. */
  readonly filter?: ReplayFilter;
  /** Says in a text what `filter` is, so that a replay that is gone on with is seen to be the same. */
  readonly filterText?: string;
  /**
   * More that tells this replay from another of the name, in texts: what is different in `config`
   * (`{ 'models.ford-price': 'v2.onnx' }`), or a time as it was given (`{ from: '-7d' }`).
   */
  readonly asked?: Readonly<Record<string, string>>;
  /** Writes to the topics of the live application. Default: to `<topic>.replay-<name>`. */
  readonly intoLive?: boolean;
  /** Begins with the state that the live application has now. Default: with none. */
  readonly withState?: boolean;
  /** Most records in a second. */
  readonly recordsPerSecond?: number;
  /**
   * Names this process among several of one replay: it ends when the partitions that it got are done. Default: it is the only
   * one.
   */
  readonly instance?: string;
  /** Milliseconds between two reports of progress. Default 500. */
  readonly reportEveryMs?: number;
}

/** Options with what follows from them. */
export interface ReplaySetting extends ReplayOptions {
  readonly name: string;
  readonly from: ReplayEdge;
  readonly to: ReplayEdge;
  readonly intoLive: boolean;
  readonly withState: boolean;
  readonly liveApplicationId: string;
  readonly applicationId: string;
  /** On the topics that the live application has. */
  readonly topology: Topology;
  readonly asked: Readonly<Record<string, string>>;
}

/** @throws ConfigurationError naming the option that is wrong */
export function replaySetting(topology: Topology, options: ReplayOptions): ReplaySetting {
  const { name = 'default', from = 'beginning', to = 'now', intoLive = false, withState = false } = options;
  if (!/^[A-Za-z0-9_-]{1,60}$/.test(name)) {
    throw new ConfigurationError(`--name '${name}': a replay's name has 1 to 60 of A-Z a-z 0-9 _ -`, 'name');
  }
  const { recordsPerSecond } = options;
  if (recordsPerSecond !== undefined && !(recordsPerSecond > 0)) {
    throw new ConfigurationError(`--rate ${recordsPerSecond}: give records per second, above 0`, 'rate');
  }
  const liveApplicationId = options.config['application.id'];
  const asked: Record<string, string> = { topology: topology.name, from: edgeText(from), to: edgeText(to) };
  if (options.partitions !== undefined) asked.partitions = options.partitions.join(',');
  if (options.filter !== undefined) asked.filter = options.filterText ?? options.filter.toString();
  if (intoLive) asked.intoLive = 'yes';
  if (withState) asked.withState = 'yes';
  for (const [setting, text] of Object.entries(options.asked ?? {})) asked[setting] = text;
  return {
    ...options,
    name,
    from,
    to,
    intoLive,
    withState,
    liveApplicationId,
    applicationId: replayApplicationId(liveApplicationId, name),
    topology: renamedTopics(topology, options.config.topics ?? {}),
    asked,
  };
}
