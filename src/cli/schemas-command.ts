/** The command `millrace schemas`. */
import type { Command } from 'commander';
import { ConfigurationError } from '../errors.js';

interface SchemasOptions {
  readonly registry?: string;
  readonly subject?: string;
}

/** Adds `schemas check|register|list|diff`. */
export function addSchemasCommand(millrace: Command, json: boolean): void {
  const schemas = millrace
    .command('schemas')
    .summary('contracts and the schema registry')
    .description('Compare the contracts of a project (schemas/*.avsc) with a schema registry, and register them.');

  const say = (text: string, fields: object): void => {
    process.stdout.write(json ? `${JSON.stringify(fields)}\n` : `${text}\n`);
  };
  const add = (name: string, summary: string, args: string): Command => {
    const command = schemas
      .command(name)
      .description(summary)
      .option('--registry <url>', 'the registry (default: MILLRACE_REGISTRY_URL, http://localhost:8081)')
      .option('--json', 'one JSON object a line, for machines');
    return args === '' ? command : command.argument(args, 'contracts, or folders of them (default: schemas)');
  };
  const withSubject = (command: Command): Command =>
    command.option('--subject <name>', "the subject of one contract (default: the file's name and -value)");

  withSubject(
    add('check', 'Say whether contracts may be registered, and which rule they break. Changes nothing.', '[files...]'),
  ).action(async (files: readonly string[], options: SchemasOptions) => {
    let broken = 0;
    for (const { comparison, obstacle } of await comparisons(files, options)) {
      const { file, subject, level, same, versions } = comparison;
      if (obstacle !== undefined) broken += 1;
      const state = same === undefined ? (versions.length === 0 ? 'new' : 'changed') : 'registered';
      const text = obstacle ?? `${file}: ${said(state, level, same?.version)} under '${subject}'`;
      say(text, { event: 'check', file, subject, level, state, broken: comparison.broken });
    }
    if (broken > 0) throw new ConfigurationError(`${broken} of the contracts cannot be registered`, 'files');
  });

  withSubject(add('register', 'Check contracts, and register them if all may be.', '[files...]')).action(
    async (files: readonly string[], options: SchemasOptions) => {
      const compared = await comparisons(files, options);
      const obstacles = compared.map(({ obstacle }) => obstacle).filter((obstacle) => obstacle !== undefined);
      if (obstacles.length > 0)
        throw new ConfigurationError(`nothing was registered:\n${obstacles.join('\n')}`, 'files');
      const registry = await openRegistry(options);
      for (const { comparison } of compared) {
        const { file, subject, same } = comparison;
        const id = await registry.register(comparison);
        say(
          same === undefined
            ? `${file}: registered under '${subject}', id ${id}`
            : `${file}: is version ${same.version} of '${subject}', id ${id}`,
          { event: 'register', file, subject, id, state: same === undefined ? 'new' : 'known' },
        );
      }
    },
  );

  add('list', 'List subjects, their versions, ids and levels.', '').action(async (options: SchemasOptions) => {
    const registry = await openRegistry(options);
    for (const subject of await registry.names()) {
      const versions = (await registry.versions(subject)).map(({ version, id }) => ({ version, id }));
      const level = await registry.level(subject);
      const ids = versions.map(({ version, id }) => `${version} (id ${id})`).join(', ');
      say(`${subject}   ${level}   versions ${ids}`, { event: 'subject', subject, level, versions });
    }
  });

  withSubject(add('diff', 'Show what differs between contracts and what is registered last.', '[files...]')).action(
    async (files: readonly string[], options: SchemasOptions) => {
      const { schemaDiff } = await import('./schemas-diff.js');
      for (const { comparison } of await comparisons(files, options)) {
        const { file, subject, versions, node } = comparison;
        const last = versions.at(-1);
        const diff = last === undefined ? [] : schemaDiff(last.node, node);
        const differs = diff.some((line) => !line.startsWith(' '));
        const head =
          last === undefined
            ? `${file}: '${subject}' is not registered`
            : `${file} and version ${last.version} of '${subject}'`;
        say(differs ? `${head}:\n${diff.join('\n')}` : last === undefined ? head : `${head} say the same`, {
          event: 'diff',
          file,
          subject,
          version: last?.version ?? null,
          diff: differs ? diff : [],
        });
      }
    },
  );

  for (const command of schemas.commands) command.exitOverride().copyInheritedSettings(schemas);
}

function said(state: string, level: string, version: number | undefined): string {
  if (state === 'registered') return `is version ${version}`;
  return state === 'new' ? `would be the first version (${level})` : `would be a new version (${level})`;
}

async function openRegistry(options: SchemasOptions) {
  const { RegistrySubjects, registryUrl } = await import('./schemas.js');
  return new RegistrySubjects(registryUrl(options.registry));
}

async function comparisons(paths: readonly string[], options: SchemasOptions) {
  const { contractFiles, obstacleOf, subjectOf } = await import('./schemas.js');
  const files = await contractFiles(paths);
  if (options.subject !== undefined && files.length > 1) {
    throw new ConfigurationError(
      `--subject names the subject of one contract, and there are ${files.length}`,
      'subject',
    );
  }
  const registry = await openRegistry(options);
  const compared = [];
  for (const file of files) {
    const comparison = await registry.compare(file, subjectOf(file, options.subject));
    compared.push({ comparison, obstacle: obstacleOf(comparison) });
  }
  return compared;
}
