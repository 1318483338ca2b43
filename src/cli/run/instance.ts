/**
 * Which instance of an application a process is: `<host>-<slot>`, or the setting `instance.id`.
 *
 * A process holds the folder of its instance (`<state.dir>/<application.id>/<instance.id>`) while it runs. So two
 * processes on one host never share an instance; and one that starts again after a crash gets the same slot back, with
 * it its place in the group, its transactional id and its stores.
 *
 * Each instance has stores of its own, as each process of Kafka Streams needs a state directory of its own: a process
 * that is stopped but not dead would otherwise keep the stores that its successor needs.
 */
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { ConfigurationError } from '../../errors.js';
import { type FolderLock, lockFolder } from '../../folder-lock.js';

/** More processes of one application on one host than anybody starts. */
const MOST_SLOTS = 1_000;

export interface Instance {
  /** Makes `group.instance.id` and `transactional.id`. */
  readonly id: string;
  /** Of its stores. */
  readonly folder: string;
  release(): Promise<void>;
}

/** Which instance is wanted. */
export interface InstanceChoice {
  readonly stateDir: string;
  readonly applicationId: string;
  /** The setting `instance.id`, if there is one. */
  readonly instanceId: string | undefined;
  /** Which of several processes of one `millrace run` this is. */
  readonly slot: number | undefined;
}

/**
 * Takes an instance.
 *
 * @throws ConfigurationError when a living process on this host holds it
 */
export async function takeInstance({ stateDir, applicationId, instanceId, slot }: InstanceChoice): Promise<Instance> {
  const take = async (id: string): Promise<Instance> => {
    const folder = resolve(stateDir, applicationId, id);
    const lock: FolderLock = await lockFolder(folder, `instance ${id} of ${applicationId}`);
    return { id, folder: join(folder, 'tasks'), release: () => lock.release() };
  };
  if (instanceId !== undefined) {
    const id = slot === undefined ? instanceId : `${instanceId}-${slot}`;
    if (!/^[A-Za-z0-9._-]{1,100}$/.test(id)) {
      throw new ConfigurationError(
        `instance.id: '${id}' must be 1 to 100 characters of A-Z a-z 0-9 . _ -`,
        'instance.id',
      );
    }
    return take(id);
  }
  const host = hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 90);
  if (slot !== undefined) return take(`${host}-${slot}`);
  for (let free = 0; ; free += 1) {
    try {
      return await take(`${host}-${free}`);
    } catch (thrown) {
      // Held by another process: the next slot may be free.
      if (!(thrown instanceof ConfigurationError) || free === MOST_SLOTS) throw thrown;
    }
  }
}
