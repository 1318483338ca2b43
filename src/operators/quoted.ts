/** Texts as JSON, where the last one is mostly the next: names of topics and models. */
export function quotedAgain(): (text: string) => string {
  let last = '';
  let quoted = '""';
  return (text) => {
    if (text !== last) {
      quoted = JSON.stringify(text);
      last = text;
    }
    return quoted;
  };
}
