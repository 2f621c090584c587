import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';

const packageFolder = path.resolve(import.meta.dirname, '..');
const made: string[] = [];

/**
 * A program that imports our packages, bundled from their sources, in a folder of its own with the threads' file beside
 * it. Gives the bundle's path.
 */
export async function bundled(program: string, options: BuildOptions): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'isoloss-wasm-'));
  made.push(folder);
  const outfile = path.join(folder, 'bundle.mjs');
  await build({
    stdin: { contents: program, resolveDir: packageFolder, sourcefile: 'program.js' },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    conditions: ['@isoloss/source'],
    logLevel: 'error',
    outfile,
    ...options,
  });
  // esbuild leaves `new URL('./worker.js', import.meta.url)` as it is.
  copyFileSync(path.join(packageFolder, 'src/run/worker.js'), path.join(folder, 'worker.js'));
  return outfile;
}

export function removeBundles(): void {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
}
