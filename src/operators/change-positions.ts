import { keyValueStore } from '../state/declare.js';
import type { StoreDeclaration } from '../state/store.js';
import type { ChangeMarkers } from './change-markers.js';
import { changeMarkersJson } from './change-markers-json.js';

/**
 * Declares a store of positions, for `distinct({ remember })`.
 *
 * @example
 * export const delivered = changePositions<CarKey>('delivered');
 */
export function changePositions<K>(name: string): StoreDeclaration<K, ChangeMarkers> {
  return keyValueStore<K, ChangeMarkers>(name, { value: changeMarkersJson(), holds: 'change positions' });
}
