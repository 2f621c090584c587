import { describeAll } from '../backends.ts';
import { print, printJSON, table, wrap } from '../output.ts';
import { quietly } from '../quiet.ts';
import type { BackendsFlags } from './backends.ts';

export async function backends({ json }: BackendsFlags): Promise<void> {
  const descriptions = await quietly(() => describeAll());
  if (json) {
    printJSON(descriptions);
    return;
  }
  const rows = descriptions.map(({ id, available, runtime, dtypes, device }) => [
    id,
    available ? 'works' : 'not available',
    ...(available ? [runtime, dtypes.join(', '), device] : []),
  ]);
  print(table(rows).join('\n'));
  for (const { id, available, reason, remedy, notes = [] } of descriptions) {
    if (!available)
      print(`\n${id}\n${wrap(reason ?? 'no reason given', '  ')}${remedy ? `\n  To mend it: ${remedy}` : ''}`);
    else if (notes.length > 0) print(`\n${id}\n${notes.map((note) => wrap(note, '  ')).join('\n')}`);
  }
}
