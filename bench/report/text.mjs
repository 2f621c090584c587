// The report for people: the same table on a terminal and in Markdown.

const modeNames = { forward: 'forward', gradient: 'forward + gradient' };

/** Three digits: 0.0123, 1.23, 12.3, 1230. */
const digits = (x) => (x >= 100 ? Math.round(x).toString() : x >= 0.1 ? x.toPrecision(3) : x.toPrecision(2));

/** The contestant that the others' ratios are against. */
const baselineOf = ({ contestants }) => (contestants.find(({ ours }) => ours) ?? contestants[0])?.id;

function cell(result, mode, base, statistic) {
  if (result === undefined) return '';
  const time = result[mode];
  if (time === undefined) return result.status === 'timed' || result.status === 'not offered' ? '–' : result.status;
  if (base === undefined || time === base) return digits(time[statistic]);
  return `${digits(time[statistic])} (${digits(time[statistic] / base[statistic])}×)`;
}

/** Rows of cells, the head first. */
function rows(report, mode) {
  const ids = report.contestants.map(({ id }) => id);
  const baseline = baselineOf(report);
  const { statistic } = report.settings;
  return [
    ['case', 'dtype', ...ids],
    ...report.cases.map(({ id, dtype, results }) => {
      const find = (contestant) => results.find((result) => result.contestant === contestant);
      const base = find(baseline)?.[mode];
      return [
        id,
        dtype.replace('float', 'f'),
        ...ids.map((contestant) => cell(find(contestant), mode, base, statistic)),
      ];
    }),
  ];
}

function table(cells, markdown) {
  const widths = cells[0].map((_, k) => Math.max(...cells.map((row) => row[k].length), 3));
  const line = (row) => row.map((text, k) => (k < 2 ? text.padEnd(widths[k]) : text.padStart(widths[k])));
  const [head, ...body] = cells.map(line);
  if (!markdown) return [head, ...body].map((row) => row.join('  ').trimEnd()).join('\n');
  const rule = widths.map((width, k) => (k < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [head, rule, ...body].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** One line for each pair that was compared, and what of ours is slower. */
function summaryLines({ summary }) {
  return summary.flatMap(({ ours, theirs, mode, dtype, cases, median, worst, slower }) => {
    const what = theirs.endsWith(' forward') ? 'forward + gradient over forward alone' : modeNames[mode];
    const head = `${ours} / ${theirs}, ${what}, ${dtype}: median ${digits(median)} over ${cases} case${cases === 1 ? '' : 's'}, worst ${digits(worst.ratio)} (${worst.case})`;
    // Of its own value alone, or of the roof, everything is slower by nature.
    const tells = slower.length > 0 && !theirs.endsWith(' forward') && theirs !== 'copy';
    return tells
      ? [
          head,
          `  slower: ${slower.map((one) => `${one.case.replace(/ float\d\d$/, '')} ${digits(one.ratio)}`).join(', ')}`,
        ]
      : [head];
  });
}

const troubles = ({ cases }) =>
  cases.flatMap(({ id, dtype, results }) =>
    results
      .filter(({ status }) => status === 'unverified' || status === 'failed')
      .map(({ contestant, status, reason }) => `${id} ${dtype}, ${contestant}: ${status}: ${reason}`),
  );

export function text(report) {
  const parts = report.settings.modes.map((mode) => `${modeNames[mode]}, ms\n${table(rows(report, mode), false)}`);
  const base = baselineOf(report);
  if (base !== undefined) parts.push(`(n×): times the time of ${base}`);
  const wrong = troubles(report);
  if (wrong.length > 0) parts.push(`Not timed\n${wrong.join('\n')}`);
  const summary = summaryLines(report);
  parts.push(`Ours over theirs, below 1 is faster\n${summary.length > 0 ? summary.join('\n') : 'nothing to compare'}`);
  return parts.join('\n\n');
}

export function markdown(report) {
  const { machine, settings, contestants, missing, started, seconds } = report;
  const lines = summaryLines(report).map((line) => (line.startsWith('  ') ? `  - ${line.trim()}` : `- ${line}`));
  const wrong = troubles(report);
  return [
    `# Bench: ${settings.suite}`,
    `${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memory / 2 ** 30)} GiB, ${machine.os}, Node ${machine.node}; ${started.slice(0, 10)}, ${seconds} s, load ${digits(machine.load.before)} before.`,
    `${settings.statistic === 'min' ? 'Least' : 'Median'} milliseconds${settings.clock === 'cpu' ? ' of processors' : ''} of ${settings.rounds} interleaved rounds after a warm-up of ${settings.warmUp} ms each; (n×) is the time over that of ${baselineOf(report)}. Output is verified before timing.`,
    contestants.map(({ id, runtime }) => `- ${id}: ${runtime}`).join('\n'),
    missing.length > 0 ? missing.map(({ id, reason }) => `- without ${id}: ${reason}`).join('\n') : '',
    ...settings.modes.map((mode) => `## ${modeNames[mode]}, ms\n\n${table(rows(report, mode), true)}`),
    `## Ours over theirs (below 1 is faster)\n\n${lines.join('\n')}`,
    wrong.length > 0 ? `## Not timed\n\n${wrong.map((line) => `- ${line}`).join('\n')}` : '',
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n');
}
