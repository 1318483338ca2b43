import { resolve } from 'node:path';
import type { ApplicationConfig, ModelBinding } from '../../app/config.js';
import { ConfigurationError } from '../../errors.js';
import type { Model } from '../../model/model.js';
import { onnx } from '../../model/onnx.js';
import type { Topology } from '../../topology/graph.js';
import { defaultExport } from '../default-export.js';

/** A model in the place of a configured one. */
export interface OtherModel {
  readonly name: string;
  readonly model: Model | ModelBinding | string;
  /** As it was given. */
  readonly text: string;
}

/**
 * Reads `--model [name=]what`: another name that the configuration binds, an ONNX file, or a module whose default export is
 * a model (`bentoml(…)`) or a binding.
 *
 * @throws ConfigurationError when the topology has no such model, or several and none is named
 */
export async function otherModel(
  flag: string,
  topology: Topology,
  bound: NonNullable<ApplicationConfig['models']>,
): Promise<OtherModel> {
  const names = new Set<string>();
  for (const { nodes } of topology.subtopologies) {
    for (const node of nodes)
      if (node.role === 'processor') for (const each of node.operator.models) names.add(each.name);
  }
  const known = [...names];
  const at = flag.indexOf('=');
  const name = at > 0 ? flag.slice(0, at) : known.length === 1 ? known[0]! : '';
  const what = at > 0 ? flag.slice(at + 1) : flag;
  if (!names.has(name)) {
    throw new ConfigurationError(
      `--model ${flag}: ${known.length === 0 ? `the topology '${topology.name}' asks no model` : `name one of ${known.join(', ')}, as --model ${known[0]}=${what}`}`,
      'model',
    );
  }
  if (Object.hasOwn(bound, what)) return { name, model: what, text: what };
  if (what.endsWith('.onnx')) return { name, model: onnx(what), text: what };
  const model = (await defaultExport(resolve(what), 'model')) as Model | ModelBinding | undefined;
  if (typeof model !== 'object' || model === null) {
    throw new ConfigurationError(
      `--model ${what}: its default export is no model: write export default onnx(…), bentoml(…) or a model of your own`,
      'model',
    );
  }
  return { name, model, text: what };
}
