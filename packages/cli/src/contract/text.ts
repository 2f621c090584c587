import { formatNumber, table, wrap } from '../output.ts';
import {
  type Area,
  type ContractReport,
  changeClasses,
  type Finding,
  type Pending,
  type VectorFailures,
} from './types.ts';

const titles: Readonly<Record<Area, string>> = {
  numbers: 'numbers',
  catalogue: 'losses, inputs and options',
  vectors: 'vectors',
  backends: 'backends',
  exports: 'packages and what they export',
  formats: 'formats',
  manifest: 'what they need',
  files: 'files',
};

/** Findings of a class, by area, in the order of the areas. */
export const grouped = (
  findings: readonly Finding[],
): { change: Finding['class']; title: string; own: readonly Finding[] }[] =>
  changeClasses
    .filter((change) => change !== 'none')
    .toReversed()
    .flatMap((change) =>
      (Object.keys(titles) as Area[]).flatMap((area) => {
        const own = findings.filter((one) => one.class === change && one.area === area);
        return own.length === 0 ? [] : [{ change, title: titles[area], own }];
      }),
    );

/** The first line: the class, and whether the pending version says it. */
export function headline({ class: change, release, pending, tree, ok }: ContractReport): string {
  if (release === undefined) return `minor: the first release, ${tree.name} was never published; everything is new`;
  const since = `since ${release.name} ${release.version}`;
  const what = change === 'none' ? `none: nothing changed ${since}` : `${change}: ${since}`;
  if (pending === undefined || (pending.bump === 'none' && change === 'none')) return what;
  return `${what}; ${pending.bump === 'none' ? 'no release is pending' : `the pending release is ${pending.to} (${pending.bump})`}${ok ? '' : ', which says less'}`;
}

/** What to do about it, if anything. */
export function remedy({ ok, pending, class: change }: ContractReport): string | undefined {
  if (ok || pending === undefined) return undefined;
  const rule =
    pending.needed === change ? '' : `, since before 1.0.0 a ${change} change is released as a ${pending.needed}`;
  const choose = `choose ${pending.needed}${pending.needed === 'major' ? '' : ' or more'}${rule}`;
  return pending.source === '--bump'
    ? `release it as a ${pending.needed}${rule}, or take the change back`
    : `add a changeset: npx changeset, ${choose}; or take the change back`;
}

export const sourceOf = ({ source, changesets }: Pending): string =>
  source === 'changesets'
    ? `by ${changesets.length === 1 ? 'the changeset' : 'the changesets'} ${changesets.join(', ')}`
    : source === 'version'
      ? changesets.length === 0
        ? 'there is no changeset; the version is that of package.json'
        : ''
      : 'by --bump';

/** Of one finding as many lines as it needs. */
export function linesOf(finding: Finding): string[] {
  const { subject, what, before, after, failures } = finding;
  const change =
    failures !== undefined || (before === undefined && after === undefined)
      ? ''
      : `: ${brief(before)} → ${brief(after)}`;
  return [`${subject}: ${what}${change}`, ...(failures ?? []).map((one) => `    ${failure(one)}`)];
}

function failure({ backend, dtype, ids, total, worst }: VectorFailures): string {
  const { id, output, index, got, expected, bound, released, reason } = worst;
  const element =
    output === undefined
      ? reason
      : `${output}[${index}] is ${number(got!, dtype)}, expected ${expected} ± ${bound!.toPrecision(3)}${
          released === undefined ? '' : ` (the release gives ${number(released, dtype)})`
        }`;
  return `${backend} ${dtype}: ${ids.length} of ${total}; ${id}: ${element}`;
}

const number = (value: number, dtype: string): string => formatNumber(value, dtype);

const most = 120;
function brief(value: unknown): string {
  if (value === undefined) return 'none';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

/** The report for people: the class first, then what it is made of, the worst first. */
export function contractText(report: ContractReport, limit = 30): string {
  const lines = [headline(report)];
  for (const { change, title, own } of grouped(report.findings)) {
    lines.push('', `${change}: ${title}`);
    for (const finding of own.slice(0, limit)) {
      const [first, ...more] = linesOf(finding);
      lines.push(wrap(first!, '  '), ...more);
    }
    if (own.length > limit) lines.push(`  and ${own.length - limit} more; --json has them all`);
  }
  lines.push('', ...summary(report));
  const help = remedy(report);
  if (help !== undefined) lines.push('', `FAIL: ${help}`);
  return lines.join('\n').trimEnd();
}

function summary({ ran, moved, notes, losses, pending }: ContractReport): string[] {
  const rows = ran.map(({ backend, dtype, vectors }) => {
    const own = moved.find((one) => one.backend === backend && one.dtype === dtype);
    return [
      backend,
      dtype,
      `${vectors} vectors of the release`,
      own === undefined ? '' : own.moved === 0 ? 'every number is the release’s' : `numbers of ${own.moved} moved`,
    ];
  });
  return [
    ...table(rows),
    ...(losses === undefined ? [] : [`only of ${losses.join(', ')}: the class is of these losses and of the packages`]),
    ...notes.map((note) => `not compared: ${note}`),
    ...(pending === undefined ? [] : [`released: ${pending.from}; pending: ${pending.to}, ${sourceOf(pending)}`]),
  ];
}
