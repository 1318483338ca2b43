/** What a registry that answers Confluent's calls does: the same questions to the embedded one and to Apicurio. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RegistryClient } from '../../src/registry/client.js';
import { type Answer, call, recordOf } from './rest.js';

/** A registry under test. */
export interface TestedRegistry {
  readonly url: string;
  close(): Promise<void>;
}

/** Where a registry answers otherwise than Confluent's, by the name of the test. */
export interface Differences {
  /** A test that does not hold, and why. */
  readonly without: Readonly<Record<string, string>>;
  /** Status and code of what it refuses in another way; no code: not in JSON, or not an error at all. */
  readonly refusals: Readonly<Record<string, readonly [status: number, code?: number]>>;
}

type Refusal = readonly [what: string, method: string, path: string, body: unknown, status: number, code: number];

/** What is refused, and by which code (Confluent's `Errors`). */
const REFUSALS: readonly Refusal[] = [
  ['an id that is not there', 'GET', '/schemas/ids/999999', undefined, 404, 40403],
  ['a GUID that is not there', 'GET', '/schemas/guids/00000000-0000-0000-0000-000000000000', undefined, 404, 40403],
  ['versions of no subject', 'GET', '/subjects/none/versions', undefined, 404, 40401],
  ['a version of no subject', 'GET', '/subjects/none/versions/1', undefined, 404, 40401],
  ['deleting no subject', 'DELETE', '/subjects/none', undefined, 404, 40401],
  ['looking up under no subject', 'POST', '/subjects/none', { schema: recordOf('a') }, 404, 40401],
  [
    'comparing with a version of no subject',
    ...['POST', '/compatibility/subjects/none/versions/1', { schema: recordOf('a') }, 404, 40402],
  ],
  ['a level of no subject', 'GET', '/config/none', undefined, 404, 40408],
  ['a mode of no subject', 'GET', '/mode/none', undefined, 404, 40409],
  ['no level', 'PUT', '/config', { compatibility: 'SIDEWARD' }, 422, 42203],
  ['no mode', 'PUT', '/mode', { mode: 'IMPORTANT' }, 422, 42204],
  ['half a schema', 'POST', '/subjects/refused/versions', { schema: '{' }, 422, 42201],
  [
    'a name that Avro does not allow',
    ...['POST', '/subjects/refused/versions', { schema: '{"type":"record","name":"a-b","fields":[]}' }, 422, 42201],
  ],
  ['a body without a schema', 'POST', '/subjects/refused/versions', {}, 422, 42201],
  ['a body that is no JSON', 'POST', '/subjects/refused/versions', '{not json', 400, 400],
] as const;

const FIRST = recordOf('a');
const ADDS_WITHOUT_DEFAULT = recordOf('a', 'b');
const ADDS_WITH_DEFAULT = recordOf('a', '?b');
const DROPS_ALL = recordOf();

/** Declares the tests. */
export function registryContract(open: () => Promise<TestedRegistry>, { without, refusals }: Differences): void {
  let registry: TestedRegistry;
  let subject: string;
  let subjects = 0;
  beforeAll(async () => {
    registry = await open();
  });
  afterAll(() => registry?.close());
  beforeEach(async () => {
    subject = `contract-${++subjects}-value`;
    await ask('PUT', '/config', { compatibility: 'BACKWARD' });
  });

  const ask = (method: string, path: string, body?: unknown): Promise<Answer> => call(registry.url, method, path, body);
  const versions = (of = subject): string => `/subjects/${of}/versions`;
  const register = (schema: string, of = subject): Promise<Answer> => ask('POST', versions(of), { schema });
  const idOf = (answer: Answer): number => (answer.body as { id: number }).id;
  const holds = (name: string, run: () => Promise<void>): void => {
    const reason = without[name];
    if (reason === undefined) test(name, run);
    else test.skip(`${name} (differs: ${reason})`, run);
  };

  describe('schemas and subjects', () => {
    holds('the same schema is registered once', async () => {
      const id = idOf(await register(FIRST));
      expect(id).toBeGreaterThan(0);
      expect(idOf(await register(FIRST))).toBe(id);
      expect(idOf(await register(FIRST, `other-${subject}`))).toBe(id);
      expect(idOf(await register(ADDS_WITH_DEFAULT))).not.toBe(id);
      expect((await ask('GET', versions())).body).toEqual([1, 2]);
      expect((await ask('GET', '/subjects')).body).toEqual(expect.arrayContaining([subject, `other-${subject}`]));
    });

    holds('the same schema is the same however it is written', async () => {
      const id = idOf(await register(FIRST));
      const spaced = JSON.stringify(JSON.parse(FIRST), null, 2).replace(
        '"type": "string"',
        '"type": {"type": "string"}',
      );
      expect(idOf(await register(spaced))).toBe(id);
    });

    holds('what was registered is answered by id, version and latest', async () => {
      await register(FIRST);
      const id = idOf(await register(ADDS_WITH_DEFAULT));
      for (const version of ['latest', '2', '-1']) {
        const { body } = await ask('GET', `${versions()}/${version}`);
        expect(body).toMatchObject({ subject, version: 2, id });
        expect(JSON.parse((body as { schema: string }).schema)).toEqual(JSON.parse(ADDS_WITH_DEFAULT));
      }
      const { body } = await ask('GET', `/schemas/ids/${id}`);
      expect(JSON.parse((body as { schema: string }).schema)).toEqual(JSON.parse(ADDS_WITH_DEFAULT));
      expect((await ask('GET', `/schemas/ids/${id}/versions`)).body).toContainEqual({ subject, version: 2 });
      expect((await ask('POST', `/subjects/${subject}`, { schema: FIRST })).body).toMatchObject({
        subject,
        version: 1,
      });
    });

    holds('a schema refers to another by name', async () => {
      await register(FIRST, `of-${subject}`);
      const schema = JSON.stringify({
        ...{ type: 'record', name: 'Many', namespace: 'protocol' },
        fields: [{ name: 'all', type: { type: 'array', items: 'protocol.Message' } }],
      });
      const references = [{ name: 'protocol.Message', subject: `of-${subject}`, version: 1 }];
      const answer = await ask('POST', versions(), { schema, references });
      expect(answer.status).toBe(200);
      expect((await ask('GET', `/schemas/ids/${idOf(answer)}`)).body).toMatchObject({ references });
    });

    holds('a version that was deleted is not listed, and its id stays', async () => {
      const id = idOf(await register(FIRST));
      await register(ADDS_WITH_DEFAULT);
      expect((await ask('DELETE', `${versions()}/1`)).body).toBe(1);
      expect((await ask('GET', versions())).body).toEqual([2]);
      expect((await ask('GET', `${versions()}/1`)).status).toBe(404);
      expect((await ask('GET', `/schemas/ids/${id}`)).status).toBe(200);
    });

    holds('a subject that was deleted is not listed', async () => {
      await register(FIRST);
      expect((await ask('DELETE', `/subjects/${subject}`)).body).toEqual([1]);
      expect((await ask('GET', '/subjects')).body).not.toContain(subject);
      expect((await ask('GET', versions())).status).toBe(404);
    });
  });

  describe('what is refused, by its code', () => {
    for (const [what, method, path, body, ...wanted] of REFUSALS) {
      holds(what, async () => {
        const [status, code] = refusals[what] ?? wanted;
        const answer = await ask(method, path, body);
        const { error_code } = answer.body as { error_code?: number };
        expect({ status: answer.status, code: error_code }).toEqual({ status, code });
      });
    }
  });

  test('a GUID that is not there is refused for our client, which does not wait for it', async () => {
    const client = new RegistryClient({ url: registry.url });
    await expect(client.schemaByGuid('00000000-0000-0000-0000-000000000000')).rejects.toMatchObject({
      name: 'RegistryError',
      code: 40403,
    });
  });

  describe('levels', () => {
    test.each([
      ['NONE', [true, true, true]],
      ['BACKWARD', [false, true, true]],
      ['FORWARD', [true, true, false]],
      ['FULL', [false, true, false]],
      ['BACKWARD_TRANSITIVE', [false, true, true]],
      ['FORWARD_TRANSITIVE', [true, true, false]],
      ['FULL_TRANSITIVE', [false, true, false]],
    ])('%s', async (level, allowed) => {
      await register(FIRST);
      const set = await ask('PUT', `/config/${subject}`, { compatibility: level });
      expect(set.body).toMatchObject({ compatibility: level });
      expect((await ask('GET', `/config/${subject}`)).body).toEqual({ compatibilityLevel: level });
      for (const [i, schema] of [ADDS_WITHOUT_DEFAULT, ADDS_WITH_DEFAULT, DROPS_ALL].entries()) {
        const compared = await ask('POST', `/compatibility${versions()}/latest`, { schema });
        expect(compared.body).toMatchObject({ is_compatible: allowed[i] });
      }
    });

    holds('everything is compatible with the latest of a subject that has none', async () => {
      const compared = await ask('POST', `/compatibility${versions()}/latest`, { schema: FIRST });
      expect(compared).toMatchObject({ status: 200, body: { is_compatible: true } });
    });

    test('an incompatible one is refused with 409 and the place', async () => {
      await register(FIRST);
      const answer = await register(ADDS_WITHOUT_DEFAULT);
      expect(answer).toMatchObject({
        status: 409,
        body: { error_code: 409, message: expect.stringMatching(/\/fields\/1/) },
      });
      expect((await ask('GET', versions())).body).toEqual([1]);
    });

    test.each([
      ['BACKWARD', 200],
      ['BACKWARD_TRANSITIVE', 409],
    ])('%s is of the latest version, TRANSITIVE of all', async (level, status) => {
      const withField = (field?: object) => JSON.stringify({ type: 'record', name: 'M', fields: field ? [field] : [] });
      await register(withField({ name: 'n', type: 'long' }));
      await register(withField());
      await ask('PUT', `/config/${subject}`, { compatibility: level });
      // Reads the second, which has no n; not the first, whose n is a long.
      expect((await register(withField({ name: 'n', type: 'string', default: '' }))).status).toBe(status);
    });

    holds('a subject has its own level until it is dropped', async () => {
      await register(FIRST);
      expect((await ask('GET', '/config')).body).toEqual({ compatibilityLevel: 'BACKWARD' });
      await ask('PUT', `/config/${subject}`, { compatibility: 'FULL' });
      expect((await ask('GET', `/config/${subject}`)).body).toEqual({ compatibilityLevel: 'FULL' });
      await ask('DELETE', `/config/${subject}`);
      const { body } = await ask('GET', `/config/${subject}?defaultToGlobal=true`);
      expect(body).toEqual({ compatibilityLevel: 'BACKWARD' });
    });
  });
}
