/**
 * tfjs-node can't be used here. Everything else still works: the `tfjs-wasm` and `tfjs-cpu` backends run from npm
 * packages alone.
 */
export class TfjsNodeUnavailableError extends Error {
  override readonly name = 'TfjsNodeUnavailableError';
  /** Why, in one line. */
  readonly reason: string;
  /** What to do about it, in one line. */
  readonly remedy: string;

  constructor(reason: string, remedy: string, options?: ErrorOptions) {
    super(`tfjs-node is not available: ${oneLine(reason)}; to mend it: ${oneLine(remedy)}`, options);
    this.reason = oneLine(reason);
    this.remedy = oneLine(remedy);
  }
}

/** The text on one line, of a length that a terminal can show. */
export function oneLine(text: string, limit = 400): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

/** What an unknown thrown value says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The system's code of an error (`ENOENT`, …), if it has one. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
