/** The closed list of codes for bad input, the same on every backend and in the line protocol. */
export const errorCodes = [
  'UNKNOWN_LOSS',
  'BAD_OPTION',
  'MISSING_INPUT',
  'UNKNOWN_INPUT',
  'BAD_TENSOR',
  'BAD_DTYPE',
  'RANK_MISMATCH',
  'SHAPE_MISMATCH',
  'LABEL_OUT_OF_RANGE',
  'LENGTH_OUT_OF_RANGE',
  'VALUE_OUT_OF_DOMAIN',
  'NOT_DIFFERENTIABLE',
  'BAD_FILE',
  'BAD_REQUEST',
  'INTERNAL',
] as const;

/** What kind of bad input it is. */
export type ErrorCode = (typeof errorCodes)[number];

/** Something the caller gave is wrong: says what, where, and (in one line) what would be right. Nothing was computed. */
export class LossInputError extends Error {
  readonly code: ErrorCode;
  /** The input or option at fault, if it is one. */
  readonly input: string | undefined;
  /** Flat row-major position of the offending value, if it is one value. */
  readonly index: number | undefined;

  constructor(code: ErrorCode, message: string, where: { input?: string; index?: number } = {}) {
    super(message);
    this.name = 'LossInputError';
    this.code = code;
    this.input = where.input;
    this.index = where.index;
  }

  /** As the line protocol writes it. */
  toJSON(): { code: ErrorCode; message: string; input?: string; index?: number } {
    return {
      code: this.code,
      message: this.message,
      ...(this.input === undefined ? {} : { input: this.input }),
      ...(this.index === undefined ? {} : { index: this.index }),
    };
  }
}

/** A formula breaks a rule of the graph (shapes that do not meet, a wrong dtype): a mistake of the loss's author. */
export class TraceError extends Error {
  constructor(message: string) {
    super(`${message}${callerOutsideGraph()}`);
    this.name = 'TraceError';
  }
}

/** A backend can't do what was asked for; thrown when compiling, never answered with an approximation. */
export class UnsupportedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsupportedError';
  }
}

/** The folder of this file as stack frames spell it; core has neither Node's nor the DOM's URL. */
const here = new Error().stack?.match(/(?:\(|at )([^()]*?)errors\.[jt]s:\d+:\d+/)?.[1] ?? '?';

/** The first stack frame with a line that isn't the graph's own code: the line of the formula. */
function callerOutsideGraph(): string {
  const frames = new Error().stack?.split('\n').slice(1) ?? [];
  const own = [`${here}graph/`, `${here}ops/`, `${here}errors.`];
  const frame = frames.find((line) => /:\d+:\d+\)?$/.test(line) && !own.some((path) => line.includes(path)));
  return frame === undefined ? '' : ` (${frame.trim()})`;
}
