import { table, terminalWidth, wrap } from '../output.ts';
import type { CertificateReport } from './certificate.ts';
import type { BackendReport, DoctorReport, PackageReport, Status } from './doctor.ts';
import type { Environment } from './environment.ts';
import { formatBytes, formatTime } from './units.ts';

const colours = { works: 32, missing: 90, unfinished: 33, broken: 31 } as const satisfies Record<Status, number>;
const signs = { works: '✔', missing: '–', unfinished: '!', broken: '✘' } as const satisfies Record<Status, string>;

/** Colour where a person looks on, unless they asked for none (https://no-color.org). */
const isColoured = (): boolean => Boolean(process.stdout.isTTY) && !process.env.NO_COLOR;

const paint = (text: string, colour: number): string => (isColoured() ? `\x1b[${colour}m${text}\x1b[0m` : text);

/** The report for people. */
export function doctorText(report: DoctorReport): string {
  const lines = [...table(machine(report.environment, report.version)), ''];
  for (const backend of report.backends) lines.push(...section(backend), '');
  const count = (status: Status) => report.backends.filter((one) => one.status === status).length;
  const parts = (['works', 'missing', 'unfinished', 'broken'] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status === 'works' && count(status) > 1 ? 'work' : status}`);
  lines.push(paint(parts.join(', '), report.ok ? 32 : 31));
  return lines.join('\n');
}

function machine({ runtime, os, arch, libc, processor, cores, memory }: Environment, version: string): string[][] {
  const limited = [
    cores.available < cores.total ? `${cores.available} of them for this process` : '',
    cores.quota === null ? '' : `the container may use ${Number(cores.quota.toFixed(2))}`,
  ].filter(Boolean);
  return [
    ['isoloss', version],
    ['runtime', `${{ node: 'Node', bun: 'Bun', deno: 'Deno' }[runtime.name]} ${runtime.version}`],
    ['system', [os.name ?? os.platform, arch, os.release].join(', ')],
    ...(libc === null ? [] : [['libc', [libc.family, libc.version].filter(Boolean).join(' ')]]),
    ['cores', [`${cores.total} (${processor})`, ...limited].join(', ')],
    [
      'memory',
      `${formatBytes(memory.total)}${memory.limit === null ? '' : `, the container may use ${formatBytes(memory.limit)}`}`,
    ],
  ];
}

function section(backend: BackendReport): string[] {
  const { id, status, runtime, milliseconds } = backend;
  const facts = [
    status === 'works' ? runtime : status,
    backend.dtypes.join(' '),
    milliseconds === null || status !== 'works' ? '' : `first result after ${formatTime(milliseconds)}`,
  ].filter(Boolean);
  const head = `${paint(signs[status], colours[status])} ${id.padEnd(10)} ${facts.join(', ')}`;
  const more: [string, string][] = [];
  for (const entry of backend.packages)
    if (backend.packages.length > 1 || entry.version === null) more.push([entry.name, packageText(entry)]);
  if (backend.threads !== null) more.push(['threads', `1 to ${backend.threads}`]);
  if (backend.executionProviders !== null)
    more.push([
      'execution providers',
      backend.executionProviders.map(({ name, bundled }) => (bundled ? name : `${name} (not bundled)`)).join(', '),
    ]);
  for (const { effect, what, remedy } of backend.knownBad)
    more.push([`known, ${effect}`, effect === 'breaks' ? what : `${what}; ${remedy}`]);
  if (backend.certificate !== null) more.push(...certificateText(backend.certificate));
  if (backend.reason !== null) more.push(['why', backend.reason]);
  if (backend.remedy !== null) more.push(['to mend it', backend.remedy]);
  return [head, ...more.map(([key, text]) => wrapped(key, text))];
}

function certificateText(certificate: CertificateReport): [string, string][] {
  const { release, losses, passed, total, runtime, place, complete, remedy } = certificate;
  const what = `${passed} of ${total} vectors of ${losses} ${losses === 1 ? 'loss' : 'losses'} passed`;
  const where = `${runtime} (Node ${place.node}, ${place.os} ${place.arch})`;
  const lines: [string, string][] = [
    [complete ? 'certified' : 'not certified, only rehearsed', `release ${release}: ${what}, on ${where}`],
  ];
  if (remedy !== null) lines.push(['not what was certified', remedy]);
  return lines;
}

function packageText({ version, native, installScript }: PackageReport): string {
  if (version === null) return 'not installed';
  return [
    version,
    native === undefined ? '' : native === null ? 'no native binding for this platform' : 'native binding present',
    installScript === undefined
      ? ''
      : `install script ${installScript.state}${installScript.by === undefined ? '' : ` by ${installScript.by}`}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** A key and its text, further lines of which stand below the first. */
function wrapped(key: string, text: string): string {
  const indent = ' '.repeat(4);
  const start = `${indent}${key}: `;
  return wrap(text, `${indent}  `, terminalWidth()).replace(/^ */, start);
}
