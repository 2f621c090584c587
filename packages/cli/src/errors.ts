/** What the user typed is wrong: exit code 2, with the remedy in the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for can't be done here (a backend that is not available, say): exit code 1. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
}

/** An error as `--json` and the line protocol show it. */
export interface ErrorJSON {
  readonly code: string;
  readonly message: string;
  readonly input?: string;
  readonly index?: number;
}

const maxMessage = 600;

/** On one line, and of a length that a terminal can show: messages quote what they were given. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > maxMessage ? `${line.slice(0, maxMessage - 1)}…` : line;
}

export const messageOf = (error: unknown): string => oneLine(error instanceof Error ? error.message : String(error));

// By name, not by class: reporting an error must not load core, and there may be two copies of core in one install.
const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

/** Whether a backend can't do what was asked: `skipped` in the protocol. */
export const isUnsupported = (error: unknown): boolean => named(error, 'UnsupportedError');

/** Whether the caller's input is at fault. */
const isInputError = (error: unknown): error is Error & ErrorJSON => named(error, 'LossInputError');

/** An error by the protocol's closed list of codes. */
export function errorToJSON(error: unknown): ErrorJSON {
  const message = messageOf(error);
  if (isInputError(error)) {
    const { code, input, index } = error;
    return { code, message, ...(input ? { input: oneLine(input) } : {}), ...(index === undefined ? {} : { index }) };
  }
  return { code: error instanceof UsageError ? 'BAD_REQUEST' : 'INTERNAL', message };
}

/** 2 for what the user can put right by typing something else, 1 for what failed. */
export const exitCodeOf = (error: unknown): number => (error instanceof UsageError || isInputError(error) ? 2 : 1);
