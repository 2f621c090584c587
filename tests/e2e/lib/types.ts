import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Sandbox } from './sandbox.ts';

export const compilers = ['5.9', '7'] as const;
export const resolutions = ['bundler', 'nodenext'] as const;
export type Compiler = (typeof compilers)[number];
export type Resolution = (typeof resolutions)[number];

/**
 * Others' declarations that have errors of their own where there are no types of a browser. Ours and the user's file must
 * have none.
 */
const others =
  /^node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?(@tensorflow\/tfjs-core|@webgpu\/types|onnxruntime-common|zod)\//;

/** Installs the compilers, outside the consumer, so that they change nothing of what it resolves. */
export async function installCompilers(sandbox: Sandbox): Promise<void> {
  const cwd = sandbox.project('compilers');
  await sandbox.run('npm', ['install', ...compilers.map((one) => `ts${one}@npm:typescript@${one}`)], { cwd });
}

/**
 * Type-checks a file in a consumer's folder, with every declaration that it reaches.
 *
 * @param types ambient packages of types that the consumer has: `node`, or none
 * @returns what is wrong, a line each
 */
export async function typeErrors(
  sandbox: Sandbox,
  {
    folder,
    file,
    types,
    compiler,
    resolution,
  }: {
    folder: string;
    file: string;
    types: readonly string[];
    compiler: Compiler;
    resolution: Resolution;
  },
): Promise<string[]> {
  copyFileSync(path.join(import.meta.dirname, '../consumer', file), path.join(folder, file));
  const project = `tsconfig.${file}.${compiler}.${resolution}.json`;
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023'],
    types,
    module: resolution === 'bundler' ? 'esnext' : 'nodenext',
    moduleResolution: resolution,
  };
  writeFileSync(path.join(folder, project), JSON.stringify({ compilerOptions, files: [file] }));
  const tsc = sandbox.path(`compilers/node_modules/ts${compiler}/bin/tsc`);
  const output = await sandbox.run(process.execPath, [tsc, '-p', project, '--pretty', 'false'], { cwd: folder }).then(
    ({ stdout }) => stdout,
    (error: Error) => error.message,
  );
  // Further lines of an error are indented.
  return output.split('\n').filter((line) => /error TS\d+/.test(line) && !others.test(line));
}
