// The right side: a row for each runtime.
import { duration, median, signed, ulps, worstUlps } from './numbers.js';

const body = () => document.getElementById('runtimes');

export function makeTable(runtimes, missing) {
  for (const { id, name, detail } of runtimes) {
    body().insertAdjacentHTML(
      'beforeend',
      `<tr data-runtime="${id}"><td>${name}<small>${detail}</small></td><td data-label="loss"></td><td data-label="ULP"></td>
       <td data-label="ULP of gradient"></td><td data-label="time"></td><td data-label="256 × 1000">…</td></tr>
       <tr><td class="gradient" colspan="6"></td></tr>`,
    );
  }
  for (const { id, reason } of missing) {
    const row = body().insertRow();
    row.insertCell().textContent = id;
    Object.assign(row.insertCell(), { textContent: `left out: ${reason}`, colSpan: 5 });
  }
}

const rowOf = (id) => body().querySelector(`[data-runtime="${id}"]`);

/** What a runtime gave, beside what is exact; for the times, the last few are asked. */
export function showResult(id, { value, gradient }, exact, times) {
  const row = rowOf(id);
  row.dataset.result = JSON.stringify({ value, gradient: [...gradient] });
  const [, loss, ulp, gradientUlp, time] = row.cells;
  loss.textContent = value.toPrecision(7);
  ulp.textContent = ulps(value, exact.value).toFixed(1);
  gradientUlp.textContent = worstUlps(gradient, exact.gradient).toFixed(1);
  time.textContent = duration(median(times));
  row.nextElementSibling.cells[0].textContent = `gradient ${Array.from(gradient, (slope) => signed(slope, 6)).join('  ')}`;
}

export function showError(id, error) {
  const [, cell] = rowOf(id).cells;
  cell.textContent = error.message;
  cell.className = 'failed';
}

export function showBatch(id, milliseconds) {
  rowOf(id).cells[5].textContent = milliseconds === undefined ? '…' : duration(milliseconds);
}
