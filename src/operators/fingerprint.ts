/**
 * A text that two sets of features share only if they are equal.
 *
 * Features are mostly one flat object of texts and numbers: for these it is written without quotes, which a store that
 * keeps it as JSON would have to escape one by one. A text is written behind its length, so that none can look like the
 * next field. Everything else is JSON.
 */
export function fingerprintOf(features: unknown): string {
  if (typeof features !== 'object' || features === null || Array.isArray(features)) return json(features);
  let text = '';
  for (const name in features) {
    const value = (features as Record<string, unknown>)[name];
    if (typeof value === 'string') text += `${name}=${value.length}:${value};`;
    else if (typeof value === 'number' || value === null || typeof value === 'boolean') text += `${name}=${value};`;
    else return json(features);
  }
  return text;
}

function json(features: unknown): string {
  const text = JSON.stringify(features, (_name, value) => (typeof value === 'bigint' ? `${value}n` : value));
  return text ?? 'undefined';
}
