/** Builds the topologies that test/jvm/describe/src/main/java/millrace/Programs.java made by chance. */
import { filter } from '../../src/operators/filter.js';
import { mapValues } from '../../src/operators/map-values.js';
import { peek } from '../../src/operators/peek.js';
import { otherwise } from '../../src/topology/split.js';
import type { Stream } from '../../src/topology/stream.js';
import type { TopologyBuilder } from '../../src/topology/topology.js';
import { texts } from './topics.js';

/** The callback of `topology()` for a program: one line for each step; streams go by their numbers. */
export function interpret(program: string): (builder: TopologyBuilder) => void {
  return ({ stream }) => {
    const streams: Stream<string, string>[] = [];
    for (const line of program.trim().split('\n')) {
      const [step, first = '', second = '', third = ''] = line.split(' ');
      const from = () => streams[Number(first)]!;
      switch (step) {
        case 'stream':
          streams.push(stream(texts(first)));
          break;
        case 'peek':
          streams.push(from().pipe(peek(() => undefined)));
          break;
        case 'filter':
          streams.push(from().pipe(filter(() => true)));
          break;
        case 'named':
          streams.push(from().pipe(mapValues((value) => value, { as: second })));
          break;
        case 'split': {
          const last = Number(second) - 1;
          const predicates = Array.from({ length: last }, (_, i) => [`b${i}`, () => true] as const);
          const branches = Object.fromEntries([...predicates, [`b${last}`, otherwise] as const]);
          streams.push(...Object.values(from().split(branches, { as: third })));
          break;
        }
        case 'merge':
          streams.push(from().merge(streams[Number(second)]!));
          break;
        case 'to':
          from().to(texts(second));
          break;
        default:
          throw new Error(`unknown step: ${line}`);
      }
    }
  };
}
