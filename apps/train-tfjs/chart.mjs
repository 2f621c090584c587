// Learning curves as one SVG, readable on a light and on a dark page.
const width = 880;
const panel = { width: 360, height: 240, top: 64 };
const lefts = [56, 496];
const legendTop = panel.top + panel.height + 72;

const style = `
  svg { color-scheme: light dark; --ground: #fcfcfb; --ink: #16161a; --quiet: #5c5b57; --grid: #e3e2dd;
    --1: #8a8a85; --2: #2a6fd0; --3: #c2410c; --4: #7a4fc9; --5: #0a7d5a; }
  @media (prefers-color-scheme: dark) {
    svg { --ground: #17171a; --ink: #f2f1ec; --quiet: #a8a7a0; --grid: #33333a;
      --1: #8f8f8a; --2: #6aa5f5; --3: #f4884f; --4: #b79bf2; --5: #35c490; } }
  text { font: 13px system-ui, sans-serif; fill: var(--quiet); font-variant-numeric: tabular-nums; }
  .title { font-size: 15px; font-weight: 600; fill: var(--ink); }
  .name { fill: var(--ink); }
  .grid { stroke: var(--grid); }
  .curve { fill: none; stroke-width: 2.25; stroke-linejoin: round; stroke-linecap: round; }
  .wide { stroke-width: 8; opacity: 0.45; }`;

/**
 * @param {{ name: string, wide?: boolean, epochs: { loss: number, accuracy: number }[] }[]} runs
 *   a wide curve lies below the others, so that one that covers it does not hide it
 */
export function chart(runs) {
  const accuracies = runs.flatMap(({ epochs }) => epochs.map(({ accuracy }) => accuracy));
  const low = Math.floor(Math.min(...accuracies) * 20) / 20;
  const panels = [
    {
      title: 'Training loss, as a share of its first epoch’s',
      range: [0, 1],
      ticks: [0, 0.25, 0.5, 0.75, 1],
      format: (y) => y.toFixed(2),
      curve: ({ epochs }) => epochs.map(({ loss }) => loss / epochs[0].loss),
    },
    {
      title: 'Held-out digits recognised',
      range: [low, 0.95],
      ticks: Array.from({ length: Math.round((0.95 - low) * 20) + 1 }, (_, k) => low + k / 20),
      format: (y) => `${Math.round(100 * y)}%`,
      curve: ({ epochs }) => epochs.map(({ accuracy }) => accuracy),
    },
  ];
  const height = legendTop + 26 * Math.ceil(runs.length / 2) + 4;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>Learning curves of ${runs.length} trainings on digits</title>
<style>${style}
</style>
<rect width="${width}" height="${height}" rx="10" fill="var(--ground)"/>
${panels.map((description, k) => panelOf(description, lefts[k], runs)).join('\n')}
${runs.map(legendEntry).join('\n')}
</svg>
`;
}

function panelOf({ title, range: [low, high], ticks, format, curve }, left, runs) {
  const count = runs[0].epochs.length;
  const x = (k) => left + (k / (count - 1)) * panel.width;
  const y = (value) => panel.top + panel.height * (1 - (value - low) / (high - low));
  const text = (px, py, anchor, words) =>
    `<text x="${px.toFixed(1)}" y="${py.toFixed(1)}" text-anchor="${anchor}">${words}</text>`;
  return [
    `<text class="title" x="${left - 36}" y="32">${title}</text>`,
    ...ticks.flatMap((tick) => [
      `<line class="grid" x1="${left}" x2="${left + panel.width}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}"/>`,
      text(left - 8, y(tick) + 4, 'end', format(tick)),
    ]),
    ...runs[0].epochs.map((_, k) => text(x(k), panel.top + panel.height + 20, 'middle', k + 1)),
    text(left + panel.width, panel.top + panel.height + 38, 'end', 'epoch'),
    ...runs.map((run, n) => {
      const points = curve(run).map((value, k) => `${x(k).toFixed(1)},${y(value).toFixed(1)}`);
      return `<polyline class="curve${run.wide ? ' wide' : ''}" stroke="var(--${n + 1})" points="${points.join(' ')}"/>`;
    }),
  ].join('\n');
}

function legendEntry({ name, wide, epochs }, n) {
  const left = lefts[n % 2] - 36;
  const y = legendTop + 26 * Math.floor(n / 2);
  return `<line class="curve${wide ? ' wide' : ''}" stroke="var(--${n + 1})" x1="${left + 4}" x2="${left + 28}" y1="${y}" y2="${y}"/>
<text x="${left + 40}" y="${y + 4}">${(100 * epochs.at(-1).accuracy).toFixed(1)}%</text>
<text class="name" x="${left + 88}" y="${y + 4}">${name}</text>`;
}
