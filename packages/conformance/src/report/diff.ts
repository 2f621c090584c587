import type { CaseChange, ReportDiff } from '../diff.ts';
import { clean } from '../text.ts';
import { plural, short } from './format.ts';

/** A difference for people: what became worse first. */
export function diffInWords({ cases, numbers, backends, compared, worse, better }: ReportDiff, limit = 40): string {
  const lines: string[] = [...backends];
  const groups = [
    ['worse', cases.filter(({ kind }) => kind === 'worse')],
    ['better', cases.filter(({ kind }) => kind === 'better')],
    ['otherwise changed', cases.filter(({ kind, before, after }) => kind === 'other' && before && after)],
    ['run only after', cases.filter(({ kind, before }) => kind === 'other' && before === undefined)],
    ['run only before', cases.filter(({ after }) => after === undefined)],
  ] as const;
  for (const [title, found] of groups) {
    if (found.length === 0) continue;
    lines.push('', `${title}: ${plural(found.length, 'case')}`);
    lines.push(...found.slice(0, limit).map(change));
    if (found.length > limit) lines.push(`  and ${found.length - limit} more`);
  }
  if (numbers.length > 0) {
    lines.push('', `worst error over its bound, by more than a factor of two:`);
    lines.push(
      ...numbers
        .slice(0, limit)
        .map(
          ({ loss, backend, dtype, before, after }) =>
            `  ${loss} on ${backend} in ${dtype}: ${short(before)} before, ${short(after)} after`,
        ),
    );
    if (numbers.length > limit) lines.push(`  and ${numbers.length - limit} more`);
  }
  const verdict = worse > 0 ? `WORSE: ${plural(worse, 'case')}` : 'nothing became worse';
  lines.push('', `${verdict}; ${better} better, of ${plural(compared, 'case')} in both runs`);
  return lines.join('\n').trimStart();
}

const change = ({ id, backend, dtype, before, after, reason }: CaseChange): string =>
  `  ${id} on ${backend} in ${dtype}: ${before ?? 'not run'} before, ${after ?? 'not run'} after${reason === undefined ? '' : ` (${clean(reason, 200)})`}`;
