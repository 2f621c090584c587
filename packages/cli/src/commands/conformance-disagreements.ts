import { disagreementsHtml, disagreementsMarkdown, findDisagreements, loadVectors } from '@isoloss/conformance';
import { readReport } from '../conformance/read-report.ts';
import { write } from '../conformance/reports.ts';
import { messageOf, UsageError } from '../errors.ts';
import { print } from '../output.ts';

export interface DisagreementsFlags {
  readonly output?: string;
  readonly html?: string;
}

export async function conformanceDisagreements(
  files: readonly string[],
  { output, html }: DisagreementsFlags,
): Promise<void> {
  const runs = await Promise.all(files.map(readReport));
  const ran = new Set(runs.flatMap(({ losses }) => losses));
  let page: ReturnType<typeof findDisagreements>;
  try {
    page = findDisagreements(runs, await loadVectors([...ran].sort()));
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
  if (output === undefined && html === undefined) return print(disagreementsMarkdown(page).trimEnd());
  for (const [file, text] of [
    [output, disagreementsMarkdown],
    [html, disagreementsHtml],
  ] as const) {
    if (file === undefined) continue;
    await write(file, text(page));
    process.stderr.write(`wrote ${file}\n`);
  }
}
