/** Bytes as people read them: `46 MB`, of powers of ten, as disks and registries count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 9.95 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Milliseconds as people read them: three digits, in µs, ms or s. */
export function formatTime(ms: number): string {
  const [value, unit] = ms < 1 ? [ms * 1000, 'µs'] : ms < 1000 ? [ms, 'ms'] : [ms / 1000, 's'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

const decimal = String.raw`\d+(?:\.\d+)?`;

/** `50MB`, `1.5 GB`, `800kB`, `64MiB`; undefined for anything else. A number alone is of bytes. */
export function parseBytes(text: string): number | undefined {
  const match = new RegExp(`^(${decimal})\\s*([kmgt]?)(i?)b?$`, 'i').exec(text.trim());
  if (match === null) return undefined;
  const power = ['', 'k', 'm', 'g', 't'].indexOf(match[2]!.toLowerCase());
  if (match[3] !== '' && power === 0) return undefined;
  return Number(match[1]) * (match[3] === '' ? 1000 : 1024) ** power;
}

/** `500ms`, `2s`; undefined for anything else. A number alone is of milliseconds. */
export function parseTime(text: string): number | undefined {
  const match = new RegExp(`^(${decimal})\\s*(ms|s)?$`).exec(text.trim());
  return match === null ? undefined : Number(match[1]) * (match[2] === 's' ? 1000 : 1);
}
