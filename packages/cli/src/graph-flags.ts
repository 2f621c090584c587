import type { Command } from 'commander';
import { collect } from './command.ts';

/** What every command takes that writes a loss as a graph. */
export interface GraphFlags {
  readonly rank?: string[];
  readonly upstream?: boolean;
  readonly labels: string;
  readonly guard: boolean;
  readonly option?: string[];
}

export const addGraphFlags = (command: Command): Command =>
  command
    .option('--rank <input=rank,…>', 'ranks of the inputs, also optional ones; usual ones where left out', collect)
    .option('--upstream', 'take the gradient of what follows the loss as the input upstream')
    .option('--labels <dtype>', 'of labels and lengths: int64 or int32', 'int64')
    .option('--no-guard', 'leave out the checks that make the value of an illegal label NaN')
    .option('--option <name=value>', 'an option of the loss (repeatable)', collect);
