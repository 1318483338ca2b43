/** The names that a module exports, and the comment over each of their declarations. */
import { targetOf, textOf } from './imports.js';

export interface Exported {
  readonly name: string;
  /** Where it is declared. */
  readonly file: string;
  /** A class or a value that is exported as a type only is a type to users. */
  readonly kind: 'function' | 'class' | 'const' | 'interface' | 'type';
  /** The comment that ends in the line before the declaration; undefined: there is none. */
  readonly docstring: string | undefined;
}

const RE_EXPORT = /^export (type )?\{([^}]*)\} from '([^']+)';/gms;

/** What an index re-exports, followed to the declarations. Only names: `export *` is not used here. */
export function exportsOf(index: string): readonly Exported[] {
  return [...textOf(index).matchAll(RE_EXPORT)].flatMap(([, types, names, specifier]) => {
    const file = targetOf(index, specifier!)!;
    return names!
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [name = '', as = name] = entry.replace(/^type /, '').split(' as ');
        const found = { ...declared(name, file), name: as };
        const typeOnly = (types !== undefined || entry.startsWith('type ')) && found.kind !== 'interface';
        return typeOnly ? { ...found, kind: 'type' } : found;
      });
  });
}

function declared(name: string, file: string): Exported {
  const text = textOf(file);
  const declaration = new RegExp(
    `^export (?:async |abstract |declare )*(function|class|const|interface|type)\\*? ${name}\\b`,
    'm',
  );
  const found = declaration.exec(text);
  if (found === null) {
    return declared(name, passedOn(name, file));
  }
  const before = text.slice(0, found.index);
  // A directive to the linter may stand between the comment and what it is about.
  const docstring = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n(?:\/\/ biome-ignore.*\n)?$/.exec(before)?.[0];
  return { name, file, kind: found[1] as Exported['kind'], docstring };
}

/** Where a file has a name from that it exports and does not declare. */
function passedOn(name: string, file: string): string {
  const statements = textOf(file).matchAll(/^(?:export|import) (?:type )?\{([^}]*)\} from '([^']+)';/gms);
  for (const [, names, specifier] of statements) {
    if (new RegExp(`\\b${name}\\b`).test(names!)) return targetOf(file, specifier!)!;
  }
  throw new Error(`${file} is said to export ${name}, and has it from nowhere`);
}
