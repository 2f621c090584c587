// The left side: what is computed, and its picture.
import { losses } from './losses.js';
import { signed } from './numbers.js';

const find = (id) => document.getElementById(id);
const logitRange = { min: -10, max: 10, step: 0.1 };

/** What is chosen; `change` is called whenever it is another. */
export const chosen = { loss: 'crossEntropy', option: 0.1, logits: [2, 1, -1, 0.5, -3], target: 1 };

export function makeControls(change) {
  const [select, option] = [find('loss'), find('option')];
  for (const id of Object.keys(losses)) select.append(new Option(id));
  const chooseLoss = () => {
    const { name, value, ...range } = losses[select.value].option;
    Object.assign(option, range);
    option.value = value;
    find('option-name').textContent = name;
    Object.assign(chosen, { loss: select.value, option: value });
  };
  chooseLoss();
  select.addEventListener('change', () => {
    chooseLoss();
    change();
  });
  option.addEventListener('input', () => {
    chosen.option = Number(option.value);
    change();
  });
  find('classes').append(headRow(), ...chosen.logits.map((_, k) => classRow(k, change)));
}

function headRow() {
  const row = element('div', { className: 'class head' });
  row.append(...['right', 'logit', '', 'gradient', ''].map((textContent) => element('span', { textContent })));
  return row;
}

function classRow(k, change) {
  const row = element('div', { className: 'class' });
  const right = element('input', { type: 'radio', name: 'right', checked: k === chosen.target });
  right.ariaLabel = `class ${k + 1} is the right one`;
  right.addEventListener('change', () => {
    chosen.target = k;
    change();
  });
  const slider = element('input', { type: 'range', ...logitRange, value: chosen.logits[k] });
  slider.ariaLabel = `logit of class ${k + 1}`;
  slider.addEventListener('input', () => {
    chosen.logits[k] = Number(slider.value);
    change();
  });
  const bar = element('div', { className: 'bar' });
  bar.append(element('span'));
  row.append(right, slider, element('output'), bar, element('output'));
  return row;
}

/** Numbers and bars of what was computed. */
export function showExample({ logits, option }, gradient) {
  find('option-value').textContent = option;
  const rows = [...find('classes').children].slice(1);
  const full = Math.max(...gradient.map(Math.abs), 1e-30);
  for (const [k, row] of rows.entries()) {
    const [logit, slope] = row.querySelectorAll('output');
    logit.textContent = signed(logits[k], 1);
    slope.textContent = signed(gradient[k], 4);
    const down = gradient[k] < 0;
    Object.assign(row.querySelector('.bar span').style, {
      width: `${(100 * Math.abs(gradient[k])) / full}%`,
      left: down ? 'auto' : '0',
      right: down ? '100%' : 'auto',
      background: down ? 'var(--down)' : 'var(--up)',
    });
  }
}

/** The loss at each logit from the least to the largest, and the tangent where the logit is. */
export function showCurve({ points, at, value, slope }) {
  const [width, height, left, bottom] = [560, 190, 40, 24];
  const top = Math.max(1, ...points.map(([, y]) => y).filter(Number.isFinite));
  const { min, max } = logitRange;
  const x = (logit) => left + ((width - left - 8) * (logit - min)) / (max - min);
  const y = (loss) => 8 + (height - bottom - 8) * (1 - loss / top);
  const round = (number) => number.toFixed(1);
  const tangent = [Math.max(min, at - 2), Math.min(max, at + 2)].map((logit) => [
    x(logit),
    y(value + slope * (logit - at)),
  ]);
  const line = ([[x1, y1], [x2, y2]], style) =>
    `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" ${style}/>`;
  const text = (px, py, anchor, words) => `<text x="${px}" y="${py}" text-anchor="${anchor}">${words}</text>`;
  const svg = find('curve');
  const title = svg.querySelector('title').outerHTML;
  svg.innerHTML = [
    title,
    line(
      [
        [left, y(0)],
        [width - 8, y(0)],
      ],
      'stroke="var(--edge)"',
    ),
    line(
      [
        [left, y(top)],
        [width - 8, y(top)],
      ],
      'stroke="var(--edge)"',
    ),
    text(left - 6, y(0) + 4, 'end', 0),
    text(left - 6, y(top) + 8, 'end', top.toPrecision(2)),
    ...[min, 0, max].map((logit, k) => text(x(logit), height - 4, ['start', 'middle', 'end'][k], signed(logit, 0))),
    `<polyline points="${points.map(([px, py]) => `${round(x(px))},${round(y(py))}`).join(' ')}" fill="none" stroke="var(--accent)" stroke-width="2.5"/>`,
    line(tangent, 'stroke="var(--up)" stroke-width="2"'),
    `<circle cx="${round(x(at))}" cy="${round(y(value))}" r="5" fill="var(--up)"/>`,
  ].join('');
}

export const sweep = Array.from(
  { length: 101 },
  (_, k) => logitRange.min + (k * (logitRange.max - logitRange.min)) / 100,
);

const element = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);
