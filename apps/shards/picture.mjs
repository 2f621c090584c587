// The picture of what goes wrong: each slope beside that of the whole batch, and where training goes.

const wide = 760;
const high = 360;
const panel = { width: 300, height: 260, top: 60 };
const colours = { partial: '#1a7f37', means: '#cf222e', whole: '#57606a' };

const linear = (from, to, low, top) => (x) => low + ((x - from) / (to - from)) * (top - low);
const shown = (x) => Number(x.toPrecision(2)).toString();

/** A frame with titles and the ends of its axes, at `left`. */
function frame(left, { title, across, up, x, y }) {
  const bottom = panel.top + panel.height;
  const text = (atX, atY, words, more = '') => `<text x="${atX}" y="${atY}" ${more}>${words}</text>`;
  const end = 'text-anchor="end"';
  const middle = left + panel.width / 2;
  return [
    `<rect x="${left}" y="${panel.top}" width="${panel.width}" height="${panel.height}" fill="none" stroke="#d0d7de"/>`,
    text(left, panel.top - 14, title, 'font-weight="600"'),
    text(left, bottom + 18, shown(x[0])),
    text(left + panel.width, bottom + 18, shown(x[1]), end),
    text(left - 6, bottom, shown(y[0]), end),
    text(left - 6, panel.top + 10, shown(y[1]), end),
    text(middle, bottom + 34, across, 'text-anchor="middle"'),
    text(
      0,
      0,
      up,
      `text-anchor="middle" transform="translate(${left - 40} ${panel.top + panel.height / 2}) rotate(-90)"`,
    ),
  ];
}

/**
 * @param slopes the gradient by each way
 * @param curves the loss by step of each way
 */
export function picture(slopes, curves) {
  const bottom = panel.top + panel.height;
  const reach = 1.05 * Math.max(...Object.values(slopes).flatMap((gradient) => Array.from(gradient, Math.abs)));
  const left = 70;
  const x = linear(-reach, reach, left, left + panel.width);
  const y = linear(-reach, reach, bottom, panel.top);
  const dots = (way, radius, more) =>
    Array.from(
      slopes[way],
      (slope, k) => `<circle cx="${x(slopes.whole[k]).toFixed(1)}" cy="${y(slope).toFixed(1)}" r="${radius}" ${more}/>`,
    );

  const points = Object.values(curves).flat();
  const losses = points.map(({ loss }) => loss);
  const [low, top] = [Math.min(...losses) * 0.98, Math.max(...losses)];
  const lastStep = Math.max(...points.map(({ step }) => step));
  const right = left + panel.width + 80;
  const stepX = linear(0, lastStep, right, right + panel.width);
  const lossY = linear(low, top, bottom, panel.top);
  const curve = (way, more) =>
    `<polyline fill="none" stroke="${colours[way]}" ${more} points="${curves[way]
      .map(({ step, loss }) => `${stepX(step).toFixed(1)},${lossY(loss).toFixed(1)}`)
      .join(' ')}"/>`;

  const key = (atX, way, words) =>
    `<circle cx="${atX}" cy="20" r="4" fill="${colours[way]}"/><text x="${atX + 9}" y="24">${words}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${high}" font-family="sans-serif" font-size="12" fill="#1f2328">`,
    `<rect width="${wide}" height="${high}" fill="white"/>`,
    key(left, 'means', 'mean of the micro-batches’ means'),
    key(left + 230, 'partial', 'partial sums, merged'),
    key(left + 390, 'whole', 'the whole batch at once'),
    ...frame(left, {
      title: 'Each slope of one step',
      across: 'of the whole batch',
      up: 'by micro-batches',
      x: [-reach, reach],
      y: [-reach, reach],
    }),
    `<line x1="${x(-reach)}" y1="${y(-reach)}" x2="${x(reach)}" y2="${y(reach)}" stroke="${colours.whole}" stroke-dasharray="4 4"/>`,
    ...dots('means', 3.5, `fill="${colours.means}" fill-opacity="0.7"`),
    ...dots('partial', 3, `fill="${colours.partial}"`),
    ...frame(right, {
      title: 'Loss of an unseen token',
      across: 'step',
      up: 'mean loss',
      x: [0, lastStep],
      y: [low, top],
    }),
    curve('means', 'stroke-width="2"'),
    curve('whole', 'stroke-width="6" stroke-opacity="0.35"'),
    curve('partial', 'stroke-width="2"'),
    '</svg>\n',
  ].join('\n');
}
