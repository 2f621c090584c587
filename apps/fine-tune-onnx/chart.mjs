/** Curves over epochs as an SVG: accuracy from 0 to 1, and the loss beside it on its own scale. */
export function chart(title, history) {
  const [width, height, left, top] = [640, 320, 56, 44];
  const last = history.length - 1;
  const x = (epoch) => left + (epoch / last) * (width - 2 * left);
  const y = (share) => height - top - share * (height - 2 * top);
  const limit = Math.ceil(Math.max(...history.map(({ loss }) => loss)));
  const line = (color, shares) =>
    `<polyline fill="none" stroke="${color}" stroke-width="2" points="${shares.map((share, epoch) => `${x(epoch).toFixed(1)},${y(share).toFixed(1)}`).join(' ')}"/>`;
  const text = (at, down, anchor, content, color = '#555') =>
    `<text x="${at}" y="${down}" text-anchor="${anchor}" fill="${color}">${content}</text>`;
  const ticks = [0, 0.25, 0.5, 0.75, 1].flatMap((share) => [
    `<line x1="${left}" x2="${width - left}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>`,
    text(left - 8, y(share) + 4, 'end', `${share * 100}%`, '#1668b8'),
    text(width - left + 8, y(share) + 4, 'start', (share * limit).toFixed(2), '#c2410c'),
  ]);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
${text(width / 2, 24, 'middle', title, '#222')}
${ticks.join('\n')}
${line(
  '#1668b8',
  history.map(({ accuracy }) => accuracy.all),
)}
${line(
  '#c2410c',
  history.map(({ loss }) => loss / limit),
)}
${text(left, height - 14, 'middle', '0')}
${text(width - left, height - 14, 'middle', `${last} epochs`)}
${text(width / 2 - 12, height - 14, 'end', 'accuracy, held out', '#1668b8')}
${text(width / 2 + 12, height - 14, 'start', 'loss, held out', '#c2410c')}
</svg>
`;
}
