/**
 * The report's script: shows the cases of the cell that is chosen, filtered. It writes text only through textContent, so
 * that nothing an implementation answered can become markup.
 */
export const script = `
const data = JSON.parse(document.getElementById('data').textContent);
const make = (tag, text, className) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (className) node.className = className;
  return node;
};
const short = (x) => {
  if (x === undefined || x === null) return '–';
  if (typeof x === 'string') return x.replace('Infinity', '∞').replace('-', '−');
  if (x === 0) return '0';
  const m = Math.abs(x);
  if (m >= 1e4 || m < 1e-3) return x.toExponential(1).replace('e+', 'e').replace('.0e', 'e');
  return String(Number(x.toPrecision(m >= 100 ? 3 : 2)));
};
const full = (x) => (x === undefined ? '–' : typeof x === 'string' ? x.replace('Infinity', '∞') : String(x));
const body = document.getElementById('cases');
const [search, outcome, column, loss] = ['search', 'outcome', 'column', 'loss'].map((id) => document.getElementById(id));
const limit = 400;

function show() {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  const rows = [];
  let found = 0;
  for (const cell of data.cells) {
    if (column.value !== '' && String(cell.column) !== column.value) continue;
    if (loss.value !== '' && cell.loss !== loss.value) continue;
    const where = data.columns[cell.column];
    cell.cases.forEach((entry, k) => {
      const about = data.cases[cell.loss][k];
      if (outcome.value === 'inaccurate' ? !entry.inaccurate : outcome.value === 'not' ? entry.outcome === 'pass' : outcome.value !== '' && entry.outcome !== outcome.value) return;
      const text = [about.id, about.comment, about.options, about.flags.join(' '), entry.reason, where].join(' ').toLowerCase();
      if (!words.every((word) => text.includes(word))) return;
      if (found++ < limit) rows.push(row(about, entry, where));
    });
  }
  body.replaceChildren(...rows);
  document.getElementById('count').textContent =
    found === 0 ? 'No case matches.' : found > limit ? 'The first ' + limit + ' of ' + found + ' cases.' : found + (found === 1 ? ' case.' : ' cases.');
  for (const button of document.querySelectorAll('.matrix button'))
    button.setAttribute('aria-pressed', String(button.dataset.loss === loss.value && button.dataset.column === column.value));
}

function row(about, entry, where) {
  const tr = make('tr');
  const id = make('td');
  id.append(make('code', about.id), make('br'), make('span', where, 'soft tag'));
  const what = make('td');
  if (about.comment) what.append(make('div', about.comment));
  if (about.options) what.append(make('div', about.options, 'options'));
  for (const flag of about.flags) what.append(make('span', flag, 'tag'));
  if (entry.reason) what.append(make('div', entry.reason, entry.outcome));
  if (entry.link) {
    const link = make('a', entry.link);
    link.href = entry.link;
    link.rel = 'noreferrer';
    what.append(link);
  }
  if (entry.inaccurate) {
    what.append(make('div', 'within the grade conforming, not within the bound derived for this number:', 'skipped'));
    what.append(elements([entry.inaccurate]));
  }
  if (entry.failures) what.append(elements(entry.failures));
  const judged = make('td', entry.outcome === 'expected' ? 'fails as expected' : entry.outcome, entry.outcome);
  const ratio = make('td', undefined, 'right');
  if (entry.ratio !== undefined) {
    const over = typeof entry.ratio === 'string' || entry.ratio > 1;
    const bar = make('span', undefined, over ? 'bar over' : 'bar');
    const fill = make('i');
    fill.style.width = (over ? 100 : Math.max(entry.ratio * 100, 2)) + '%';
    bar.append(fill);
    ratio.append(bar);
  }
  ratio.append(make('span', short(entry.ratio), 'number'));
  const ulp = make('td', undefined, 'right');
  ulp.append(make('span', short(entry.ulp), 'number'));
  tr.append(id, what, judged, ratio, ulp);
  return tr;
}

function elements(failures) {
  const wrap = make('div', undefined, 'wrap');
  const table = make('table', undefined, 'elements');
  const head = make('tr');
  const others = [...new Set(failures.flatMap((failure) => failure[6].map(([name]) => name)))];
  for (const title of ['element', 'got', 'exact', 'error', 'bound', 'ULP', ...others]) head.append(make('th', title));
  const top = make('thead');
  top.append(head);
  const rest = make('tbody');
  for (const [name, got, exact, error, allowed, ulp, given] of failures) {
    const beside = others.map((other) => full((given.find(([id]) => id === other) || [])[1]));
    const tr = make('tr');
    for (const text of [name, full(got), full(exact), short(error), short(allowed), short(ulp), ...beside]) tr.append(make('td', text, 'number'));
    rest.append(tr);
  }
  table.append(top, rest);
  wrap.append(table);
  return wrap;
}

for (const button of document.querySelectorAll('.matrix button'))
  button.addEventListener('click', () => {
    loss.value = button.dataset.loss;
    column.value = button.dataset.column;
    outcome.value = '';
    search.value = '';
    show();
    document.getElementById('details').scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' });
  });
for (const control of [search, outcome, column, loss]) control.addEventListener('input', show);
show();
`;
