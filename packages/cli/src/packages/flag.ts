/** `--package`, wherever a command takes a loss. */
export const packageFlag = [
  '--package <name>',
  'a package of losses: its name if it is installed here, or its folder (repeatable)',
] as const;

/**
 * Takes `--package x` out of a command's arguments: packages are loaded before the rest is read, since the flags of a loss
 * of theirs are not known earlier. One at the end, without a value, stays for commander to complain about.
 */
export function takePackages(args: readonly string[]): { packages: string[]; rest: string[] } {
  const [packages, rest]: [string[], string[]] = [[], []];
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  for (let k = 0; k < args.length; k++) {
    const arg = args[k]!;
    const next = args[k + 1];
    if (k < end && arg.startsWith('--package=')) packages.push(arg.slice('--package='.length));
    else if (k < end && arg === '--package' && next !== undefined) {
      packages.push(next);
      k++;
    } else rest.push(arg);
  }
  return { packages, rest };
}
