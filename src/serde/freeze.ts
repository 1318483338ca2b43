/** Freezes what a parser made, all the way down; bytes stay as they are, because JavaScript cannot freeze them. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) {
    for (const item of value) deepFreeze(item);
  } else {
    for (const name in value) {
      const inner = value[name];
      if (typeof inner === 'object') deepFreeze(inner);
    }
  }
  return Object.freeze(value);
}
