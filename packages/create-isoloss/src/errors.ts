/** What the user typed can't be done: exit code 2, with the remedy in the message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
