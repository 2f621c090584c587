// Runs the code blocks of one page in one process, in order: `node run-page.mjs steps.json answers.json`.
// A step is a module, which is imported, or a shell script; an answer is what it printed, and how it failed.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , steps, answers] = process.argv;
const done = [];
const write = process.stdout.write;

async function importing(file) {
  let stdout = '';
  process.stdout.write = (chunk, encoding, callback) => {
    stdout += chunk;
    (typeof encoding === 'function' ? encoding : callback)?.();
    return true;
  };
  try {
    await import(pathToFileURL(path.resolve(file)).href);
    return { stdout };
  } catch (error) {
    return { stdout, error: error.stack ?? String(error) };
  } finally {
    process.stdout.write = write;
  }
}

function shell(file) {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-e', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', (error) => resolve({ stdout, error: error.message }));
    child.on('close', (code) => resolve({ stdout, error: code === 0 ? undefined : `exit code ${code}\n${stderr}` }));
  });
}

for (const { kind, file, code } of JSON.parse(readFileSync(steps, 'utf8'))) {
  if (kind === 'file') {
    writeFileSync(file, code);
    continue;
  }
  const answer = kind === 'module' ? await importing(file) : await shell(file);
  done.push(answer);
  if (answer.error !== undefined) break; // what follows may need it
}
writeFileSync(answers, JSON.stringify(done));
process.exit(0); // runtimes keep threads
