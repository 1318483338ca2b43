/** Ends the command with an exit code of its own meaning; the text goes to standard error. */
export class ExitStatus extends Error {
  override readonly name = 'ExitStatus';
  constructor(
    message: string,
    readonly code: number,
  ) {
    super(message);
  }
}
