import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import {
  badges,
  type ConformanceResult,
  htmlReport,
  jsonReport,
  junitReport,
  markdownReport,
} from '@isoloss/conformance';
import { UsageError } from '../errors.ts';

/** What a run can be written as, under which name, and which endings of a file mean it. */
const formats = {
  html: { name: 'report.html', endings: ['.html', '.htm'], write: htmlReport },
  json: { name: 'report.json', endings: ['.json', '.ndjson', '.jsonl'], write: jsonReport },
  junit: { name: 'junit.xml', endings: ['.xml'], write: junitReport },
  markdown: { name: 'report.md', endings: ['.md'], write: markdownReport },
  badge: { name: 'badges', endings: [], write: badges },
} as const;

type Format = keyof typeof formats;
const names = Object.keys(formats) as Format[];
const isFormat = (name: string): name is Format => Object.hasOwn(formats, name);

export interface Report {
  readonly format: Format;
  /** A folder for badges, a file for all others. */
  readonly file: string;
}

/**
 * Which reports go where. `--report` names formats, each with a file of its own if wanted (`html=out.html`);
 * `--output` is the file of the only one, else the folder of all that have none. Without `--report` its ending decides.
 *
 * @throws UsageError
 */
export function reportsOf(given: readonly string[] | undefined, output: string | undefined): Report[] {
  const asked = (given ?? [])
    .flatMap((text) => (text.includes('=') ? [text] : text.split(',')))
    .map((text) => {
      const [format = '', ...file] = text.trim().split('=');
      if (!isFormat(format)) throw new UsageError(`--report is ${list(names)}, not ${format}`);
      return { format, file: file.length === 0 ? undefined : file.join('=') };
    });
  if (asked.length === 0) return output === undefined ? [] : [{ format: byEnding(output), file: output }];
  const free = asked.filter(({ file }) => file === undefined);
  if (free.length === 0 && output !== undefined)
    throw new UsageError(`--output ${output}: every report has a file of its own already`);
  const place = (name: string) => (output === undefined ? name : free.length === 1 ? output : join(output, name));
  const reports = asked.map(({ format, file }) => ({ format, file: file ?? place(formats[format].name) }));
  const twice = reports.find(({ file }, k) => reports.findIndex((other) => other.file === file) !== k);
  if (twice !== undefined) throw new UsageError(`--report: two reports would be written to ${twice.file}`);
  return reports;
}

function byEnding(file: string): Format {
  const found = names.find((name) => (formats[name].endings as readonly string[]).includes(extname(file)));
  if (found !== undefined) return found;
  const known = names.flatMap((name) => formats[name].endings.slice(0, 1));
  throw new UsageError(`--output ${file}: name it ${list(known)}, or say --report html`);
}

const list = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;

/** @throws UsageError where a file can't be written */
export async function writeReports(reports: readonly Report[], result: ConformanceResult): Promise<void> {
  for (const { format, file } of reports) {
    const content = formats[format].write(result);
    if (typeof content === 'string') await write(file, content);
    else for (const [name, badge] of content) await write(join(file, name), `${JSON.stringify(badge)}\n`);
    process.stderr.write(`wrote ${typeof content === 'string' ? file : `${content.size} badges to ${file}`}\n`);
  }
}

/** Writes a file and the folders that it needs. */
export async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  } catch (error) {
    throw new UsageError(`--output ${file}: ${(error as Error).message}`);
  }
}
