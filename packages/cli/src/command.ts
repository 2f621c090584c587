import type { Command } from 'commander';

/** One command of the program. Its file holds what it takes; what it does is imported when it is called. */
export interface CommandModule {
  readonly name: string;
  readonly aliases?: readonly string[];
  define(program: Command): Command;
  /** Takes `--package`: losses of packages stand beside the catalogue's. */
  readonly takesPackages?: true;
  /** Adds what depends on the arguments (a loss's own flags), and respells them. */
  prepare?(command: Command, args: readonly string[]): Promise<string[]>;
}

/** Examples under a command's help. */
export const examples = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

/** For flags that may be given several times. */
export const collect = (value: string, before: string[] = []): string[] => [...before, value];
