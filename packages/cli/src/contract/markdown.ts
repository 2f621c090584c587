import { escapeMarkdown } from '@isoloss/conformance';
import { grouped, headline, linesOf, remedy, sourceOf } from './text.ts';
import type { ContractReport } from './types.ts';

/** The report as a comment of a pull request: a summary that is always seen, the evidence folded. */
export function contractMarkdown(report: ContractReport, limit = 50): string {
  const { findings, pending, notes, losses, ok } = report;
  const help = remedy(report);
  const lines = [
    `### ${ok ? '✅' : '❌'} Numeric contract: ${escapeMarkdown(headline(report))}`,
    ...(help === undefined ? [] : ['', `**${escapeMarkdown(help)}**`]),
  ];
  for (const { change, title, own } of grouped(findings)) {
    const body = own.slice(0, limit).map((finding) => {
      const [first, ...more] = linesOf(finding);
      return [`- ${escapeMarkdown(first!)}`, ...more.map((line) => `  - ${escapeMarkdown(line.trim())}`)].join('\n');
    });
    const rest = own.length > limit ? [`- and ${own.length - limit} more`] : [];
    const open = change === 'major' ? ' open' : '';
    const head = `<summary><b>${change}</b>: ${title} (${own.length})</summary>`;
    lines.push('', `<details${open}>${head}`, '', ...body, ...rest, '', '</details>');
  }
  const remarks = [
    ...(losses === undefined ? [] : [`only of ${losses.join(', ')}`]),
    ...notes.map((note) => `not compared: ${note}`),
    ...(pending === undefined ? [] : [`released: ${pending.from}; pending: ${pending.to}, ${sourceOf(pending)}`]),
  ];
  if (remarks.length > 0) lines.push('', ...remarks.map((remark) => `<sub>${escapeMarkdown(remark)}</sub><br>`));
  return `${lines.join('\n')}\n`;
}
