/**
 * Keeps standard output for results while others' code runs: what libraries print goes to standard error.
 *
 * @returns what `action` gives
 */
export async function quietly<T>(action: (write: typeof process.stdout.write) => Promise<T>): Promise<T> {
  const { stdout, stderr } = process;
  const own = stdout.write;
  const bound = own.bind(stdout) as typeof stdout.write;
  const { log, info, debug, table, dir } = console;
  stdout.write = stderr.write.bind(stderr) as typeof stdout.write;
  Object.assign(console, {
    log: console.error,
    info: console.error,
    debug: console.error,
    table: console.error,
    dir: console.error,
  });
  try {
    return await action(bound);
  } finally {
    stdout.write = own;
    Object.assign(console, { log, info, debug, table, dir });
  }
}
