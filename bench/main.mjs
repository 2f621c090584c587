// npm run bench -- [flags]: see options.mjs, or --help.
import { writeFileSync } from 'node:fs';
import { help, settingsFrom, UsageError } from './options.mjs';
import { markdown, text } from './report/text.mjs';
import { bench, requestsOf } from './run/bench.mjs';

try {
  const settings = settingsFrom(process.argv.slice(2));
  if (settings.help) {
    console.log(help);
  } else {
    if (requestsOf(settings).length === 0) throw new UsageError(`no case of ${settings.suite} is left by these flags`);
    const signal = { aborted: false };
    for (const name of ['SIGINT', 'SIGTERM'])
      process.on(name, () => {
        // Not by the signal itself: what was written to memory for the children is removed on exit.
        if (signal.aborted) process.exit(130);
        signal.aborted = true;
        process.stderr.write('stopping after this case; once more to stop at once\n');
      });
    const report = await bench(settings, (line) => process.stderr.write(`${line}\n`), signal);
    if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(report, null, 2)}\n`);
    if (settings.markdown !== undefined) writeFileSync(settings.markdown, markdown(report));
    console.log(text(report));
  }
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
