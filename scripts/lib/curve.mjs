// A loss of one prediction as a picture: its value and its gradient over the prediction, as an SVG that works in light and dark.
const width = 640;
const height = 320;
const margin = { left: 56, right: 16, top: 16, bottom: 40 };

/** Round numbers to label an axis with. */
function ticks(from, to, wanted) {
  const raw = (to - from) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((candidate) => candidate >= raw);
  const first = Math.ceil(from / step - 1e-9) * step;
  return Array.from({ length: Math.floor((to - first) / step + 1e-9) + 1 }, (_, k) =>
    Number((first + k * step).toPrecision(12)),
  );
}

const number = (x) => Number(x.toFixed(2)).toString();

/** `points` are [prediction, value, gradient] in the order of predictions; `target` is said in the caption. */
export function curve({ title, points, target }) {
  const xs = points.map(([x]) => x);
  const [from, to] = [xs[0], xs.at(-1)];
  const ys = points.flatMap(([, value, gradient]) => [value, gradient]).filter(Number.isFinite);
  const sorted = [...ys].sort((a, b) => a - b);
  // A pole would leave nothing else to be seen: the middle 94 % of all numbers set the scale.
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];
  const [low, high] = [Math.min(at(0.03), 0), Math.max(at(0.97), 0)];
  const pad = (high - low || 1) * 0.06;
  const [bottom, top] = [low - pad, high + pad];
  const x = (value) => margin.left + ((value - from) / (to - from)) * (width - margin.left - margin.right);
  const y = (value) =>
    height - margin.bottom - ((value - bottom) / (top - bottom)) * (height - margin.top - margin.bottom);
  const path = (index) => {
    let open = false;
    return points
      .map((point) => {
        const value = point[index];
        if (!Number.isFinite(value) || value < bottom - (top - bottom) || value > top + (top - bottom)) {
          open = false;
          return '';
        }
        const command = `${open ? 'L' : 'M'}${number(x(point[0]))} ${number(y(value))}`;
        open = true;
        return command;
      })
      .join('');
  };
  const across = ticks(from, to, 6)
    .map(
      (tick) =>
        `<path class="grid" d="M${number(x(tick))} ${margin.top}V${height - margin.bottom}"/><text x="${number(x(tick))}" y="${height - margin.bottom + 16}" text-anchor="middle">${tick}</text>`,
    )
    .join('');
  const up = ticks(bottom, top, 5)
    .map(
      (tick) =>
        `<path class="grid" d="M${margin.left} ${number(y(tick))}H${width - margin.right}"/><text x="${margin.left - 8}" y="${number(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    )
    .join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}: value and gradient over the prediction, target ${target}">
<style>
svg{font:12px system-ui,sans-serif;color:#24292f;background:#fff}
.grid{stroke:#d0d7de;stroke-width:1}.zero{stroke:#8c959f;stroke-width:1}
.value{stroke:#0969da}.gradient{stroke:#bc4c00;stroke-dasharray:6 4}
.value,.gradient{fill:none;stroke-width:2.5}
text{fill:#57606a}text.value-name{fill:#0969da}text.gradient-name{fill:#bc4c00}
@media(prefers-color-scheme:dark){svg{background:#0d1117}.grid{stroke:#30363d}.zero{stroke:#6e7681}text{fill:#8b949e}.value{stroke:#58a6ff}.gradient{stroke:#f0883e}text.value-name{fill:#58a6ff}text.gradient-name{fill:#f0883e}}
</style>
<clipPath id="plot"><rect x="${margin.left}" y="${margin.top}" width="${width - margin.left - margin.right}" height="${height - margin.top - margin.bottom}"/></clipPath>
${across}${up}<path class="zero" d="M${margin.left} ${number(y(0))}H${width - margin.right}"/>
<g clip-path="url(#plot)"><path class="value" d="${path(1)}"/><path class="gradient" d="${path(2)}"/></g>
<text class="value-name" x="${margin.left + 8}" y="${height - 6}">— value</text><text class="gradient-name" x="${margin.left + 76}" y="${height - 6}">- - gradient</text>
<text x="${width - margin.right}" y="${height - 6}" text-anchor="end">prediction; target ${target}</text>
</svg>
`;
}
