/** What a client asks of the registry. */
export interface Request {
  /** The parts of the path that names stand for, decoded. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON that was sent; undefined without a body. */
  readonly body: unknown;
}
