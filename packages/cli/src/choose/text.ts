import { formatBytes, formatTime } from '../doctor/units.ts';
import { table, wrap } from '../output.ts';
import type { ChoiceReport, Crossover, Measurement } from './types.ts';

const columns = [
  'candidate',
  'median',
  'p95',
  'of rounds',
  'samples',
  'processor',
  'cold start',
  'memory',
  'install',
  'vectors',
];

function row({ candidate, warm, coldStart, memory, install, conformance }: Measurement): string[] {
  const { passed, total, skipped } = conformance;
  return [
    candidate,
    formatTime(warm.median),
    formatTime(warm.p95),
    warm.rounds > 1 ? `${formatTime(warm.spread[0])} – ${formatTime(warm.spread[1])}` : 'one',
    String(warm.samples),
    formatTime(warm.cpu),
    `${formatTime(coldStart.median)} (${formatTime(coldStart.min)} – ${formatTime(coldStart.max)})`,
    formatBytes(memory.median),
    formatBytes(install.bytes),
    `${passed}/${total - skipped}`,
  ];
}

/** What was asked, in a line. */
function question({ request }: ChoiceReport): string {
  const { loss, shapes, gradients, dtype, target, objective } = request;
  const inputs = Object.entries(shapes).map(([name, shape]) => `${name} ${shape.join('×') || 'scalar'}`);
  const wanted = gradients.length === 0 ? 'without gradients' : `with the gradient by ${gradients.join(', ')}`;
  return `${loss} of ${inputs.join(', ')} in ${dtype}, ${wanted}, in ${target}, for ${objective}`;
}

const crossover = ({ at, between, below, above }: Crossover, axis: string): string =>
  `below ${axis} ≈ ${at} (between ${between[0]} and ${between[1]}) it is ${below}, above it ${above}`;

/** The range of sizes over which the answer holds, in a sentence. */
function stability(report: ChoiceReport): string[] {
  const { request, crossovers, measurements, recommendation } = report;
  const { name, size } = request.axis;
  if (recommendation === null) return [];
  if (request.objective !== 'latency' && request.objective !== 'throughput') return [];
  const sizes = measurements.flatMap((one) => one.sizes.map((entry) => entry.size));
  const range = `${name} = ${Math.min(...sizes)} to ${Math.max(...sizes)}`;
  if (crossovers.length === 0) return [`The answer is the same for ${range} (asked: ${size}).`];
  return [
    `The answer changes with the size, asked for ${name} = ${size}: ${crossovers.map((one) => crossover(one, name)).join('; ')}.`,
  ];
}

/** Medians at every size of the ladder. */
function ladder({ measurements, request }: ChoiceReport): string[][] {
  const sizes = [...new Set(measurements.flatMap((one) => one.sizes.map(({ size }) => size)))].sort((a, b) => a - b);
  const cell = (one: Measurement, size: number) => {
    const found = one.sizes.find((entry) => entry.size === size);
    return found === undefined ? 'left out' : formatTime(request.objective === 'throughput' ? found.cpu : found.median);
  };
  return [
    [request.axis.name, ...measurements.map(({ candidate }) => candidate)],
    ...sizes.map((size) => [String(size), ...measurements.map((one) => cell(one, size))]),
  ];
}

const baseline = ({ baseline: { coldStart, memory } }: ChoiceReport): string =>
  `Node alone, with the inputs: first result after ${formatTime(coldStart.median)}, ${formatBytes(memory.median)}`;

const nothing = 'Nothing is left to recommend: loosen a filter, or mend what is excluded (isoloss doctor says how).';

/** The report for people. */
export function choiceText(report: ChoiceReport): string {
  const { measurements, excluded, recommendation, notes } = report;
  const lines = [question(report), ''];
  if (measurements.length > 0) {
    lines.push(...table([columns, ...measurements.map(row)]), '', `${baseline(report)}.`, '');
    lines.push(...table(ladder(report)), '');
  }
  if (excluded.length > 0) {
    lines.push('excluded');
    for (const { candidate, filter, reason, remedy } of excluded)
      lines.push(wrap(`${candidate} (${filter}): ${reason}${remedy === undefined ? '' : `; ${remedy}`}`, '  '));
    lines.push('');
  }
  for (const note of notes) lines.push(wrap(`Note: ${note}.`, ''), '');
  lines.push(wrap(recommendation === null ? nothing : `Take ${recommendation.reason}.`, ''));
  for (const sentence of stability(report)) lines.push(wrap(sentence, ''));
  return lines.join('\n');
}

const markdownTable = ([head = [], ...rows]: readonly (readonly string[])[]): string[] =>
  [head, head.map((_, k) => (k === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

const escaped = (text: string): string => text.replace(/[|<>*_`]/g, (mark) => `\\${mark}`);

/** The report for a pull request or the summary of a CI run. */
export function choiceMarkdown(report: ChoiceReport): string {
  const { measurements, excluded, recommendation, notes, environment } = report;
  const { runtime, os, arch, processor, cores } = environment;
  return [
    `## Backend for ${question(report)}`,
    '',
    recommendation === null ? `**${nothing}**` : `**Take ${escaped(recommendation.reason)}.**`,
    '',
    ...stability(report).flatMap((line) => [line, '']),
    ...(measurements.length === 0
      ? []
      : [
          ...markdownTable([columns, ...measurements.map(row)]),
          '',
          `${baseline(report)}.`,
          '',
          ...markdownTable(ladder(report)),
          '',
        ]),
    ...(excluded.length === 0
      ? []
      : [
          ...markdownTable([
            ['excluded', 'filter', 'reason'],
            ...excluded.map(({ candidate, filter, reason, remedy }) => [
              candidate,
              filter,
              escaped(`${reason}${remedy === undefined ? '' : `; ${remedy}`}`),
            ]),
          ]).map((line) => line.replaceAll('---:', '---')),
          '',
        ]),
    ...notes.flatMap((note) => [`Note: ${note}.`, '']),
    `Measured on ${os.name ?? os.platform} ${arch}, ${processor}, ${cores.available} cores, ${runtime.name} ${runtime.version}, ${report.started}.`,
  ].join('\n');
}
