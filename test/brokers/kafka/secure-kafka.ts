/** A real broker with a listener by SASL_SSL beside the open one, and certificates that are made for it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startKafka } from '../../../deploy/stack/kafka.js';
import { jars } from '../../../deploy/stack/maven.js';
import { freePort } from '../../../deploy/stack/ports.js';
import { findJava } from '../../../deploy/stack/prerequisites.js';
import { versions } from '../../../deploy/stack/versions.js';

const run = promisify(execFile);
const JAAS = 'org.apache.kafka.common.security';

export interface SecureKafka {
  /** The listener for SASL_SSL. */
  readonly bootstrapServers: string;
  /** PEM of the authority that has signed the broker's certificate. */
  readonly ca: string;
  /** PEM of another authority. */
  readonly anotherCa: string;
  stop(): Promise<void>;
}

/** @param user who may log in, by SCRAM-SHA-512 and by PLAIN; by OAUTHBEARER whoever has a token, unsigned */
export async function startSecureKafka(user: {
  readonly name: string;
  readonly password: string;
}): Promise<SecureKafka> {
  const directory = await mkdtemp(join(tmpdir(), 'millrace-secure-'));
  const ca = await authority(directory, 'ca');
  const anotherCa = await authority(directory, 'another');
  const keystore = await certificate(directory, 'ca');
  const [plain, controller, secure] = [await freePort(), await freePort(), await freePort()];
  const own = {
    'sasl.enabled.mechanisms': 'SCRAM-SHA-512,PLAIN,OAUTHBEARER',
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'scram-sha-512.sasl.jaas.config': `${JAAS}.scram.ScramLoginModule required;`,
    'plain.sasl.jaas.config': `${JAAS}.plain.PlainLoginModule required user_${user.name}="${user.password}";`,
    'oauthbearer.sasl.jaas.config': `${JAAS}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
  };
  const settings = {
    listeners: `PLAINTEXT://127.0.0.1:${plain},CONTROLLER://127.0.0.1:${controller},SECURE://127.0.0.1:${secure}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${plain},SECURE://127.0.0.1:${secure}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`listener.name.secure.${name}`, value])),
  };
  const kafka = await startKafka({ directory, port: plain, settings });
  await addScram(kafka.bootstrapServers, user);
  return {
    bootstrapServers: `127.0.0.1:${secure}`,
    ca,
    anotherCa,
    async stop() {
      await kafka.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const openssl = (directory: string, ...args: readonly string[]) => run('openssl', [...args], { cwd: directory });

/** @returns the file of its certificate */
async function authority(directory: string, name: string): Promise<string> {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
  await openssl(directory, 'req', '-x509', ...key, '-out', `${name}.pem`, '-subj', `/CN=${name}`, '-days', '2');
  return join(directory, `${name}.pem`);
}

/** A key and a certificate for 127.0.0.1 in one file, as Kafka takes them. */
async function certificate(directory: string, signer: string): Promise<string> {
  const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', 'broker.key'];
  await openssl(directory, 'req', ...key, '-out', 'broker.csr', '-subj', '/CN=broker');
  await writeFile(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost');
  const signing = ['-CA', `${signer}.pem`, '-CAkey', `${signer}.key`, '-CAcreateserial', '-extfile', 'names'];
  await openssl(directory, 'x509', '-req', '-in', 'broker.csr', ...signing, '-out', 'broker.crt', '-days', '2');
  const parts = await Promise.all(['broker.key', 'broker.crt'].map((file) => readFile(join(directory, file), 'utf8')));
  const keystore = join(directory, 'broker.pem');
  await writeFile(keystore, parts.join(''));
  return keystore;
}

/** Kafka keeps users of SCRAM in its metadata, so they are added when it runs. */
async function addScram(bootstrapServers: string, { name, password }: { name: string; password: string }) {
  const properties = { 'kafka.version': versions.kafka, 'log4j.version': versions.log4j };
  const quiet = { say: () => {}, signal: new AbortController().signal };
  const classes = join(await jars('kafka', 'kafka.pom.xml', properties, quiet), '*');
  const user = ['--entity-type', 'users', '--entity-name', name];
  const added = ['--alter', '--add-config', `SCRAM-SHA-512=[password=${password}]`];
  const command = ['kafka.admin.ConfigCommand', '--bootstrap-server', bootstrapServers, ...user, ...added];
  await run(await findJava(17, 'Kafka'), ['-Xmx256m', '-cp', classes, ...command]);
}
