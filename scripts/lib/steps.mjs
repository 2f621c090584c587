// Steps of a set-up with progress: one line while it runs, one when it is done, the whole log when it fails.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** A package of the workspace, as it is built. */
export const built = (name) => import(pathToFileURL(path.join(root, `packages/${name}/dist/index.js`)).href);

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Runs a command in the workspace's root. `show` streams its output; otherwise its end is kept for the error, or all of what it prints with `all`. */
export function run(command, args, { show = false, all = false, env = {}, cwd = root } = {}) {
  return new Promise((resolve, reject) => {
    // On Windows npm, npx and what they put into .bin are scripts, which only a shell starts.
    const shell = process.platform === 'win32' && command !== process.execPath;
    const child = spawn(shell ? `"${command}"` : command, args, {
      cwd,
      shell,
      env: { ...process.env, ...env },
      stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
    });
    let log = '';
    const keep = (chunk) => {
      log = (log + chunk).slice(all ? 0 : -20_000);
    };
    child.stdout?.on('data', keep);
    // With `all` a program reads the output, which warnings would confuse.
    let warnings = '';
    const warn = (chunk) => {
      warnings = (warnings + chunk).slice(-2000);
    };
    child.stderr?.on('data', all ? warn : keep);
    child.on('error', (error) => reject(new Error(`${command}: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) resolve(log);
      else
        reject(
          Object.assign(new Error(`${command} ${args.join(' ')} ended with ${code}${warnings && `: ${warnings}`}`), {
            log,
            code,
          }),
        );
    });
  });
}

/** Does something under a title; says every ten seconds that it is still at it. */
export async function step(title, action) {
  const since = Date.now();
  const note = (text) => process.stderr.write(`${text}\n`);
  note(`- ${title}…`);
  const beat = setInterval(() => note(`  still at it: ${title} (${seconds(since)})`), 10_000);
  try {
    const result = await action();
    note(`  done: ${title} (${typeof result === 'string' && result !== '' ? `${result}, ` : ''}${seconds(since)})`);
  } catch (error) {
    if (error.log) note(error.log.trimEnd());
    throw new Error(`${title}: ${error.message}`);
  } finally {
    clearInterval(beat);
  }
}
