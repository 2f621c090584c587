// The packages as a stranger's project sees them: TypeScript's versions and resolutions, import and require.
import { cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../../../scripts/lib/steps.mjs';
import { entryPoints, typescript } from '../packages.mjs';

/** The oldest TypeScript that we promise, and the one that we build with. */
const compilers = [
  { name: 'TypeScript 5.9', tsc: typescript.oldest },
  { name: 'TypeScript 7', tsc: typescript.ours },
];

const options = {
  target: 'es2022',
  lib: ['es2023', 'dom'],
  types: [],
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  // Declarations of ours are checked as they are used; those of others are not ours to mend.
  skipLibCheck: true,
};

const resolutions = [
  { name: 'bundler', module: 'esnext', moduleResolution: 'bundler' },
  { name: 'nodenext', module: 'nodenext', moduleResolution: 'nodenext' },
];

/** Lays tarballs out in a folder as npm would, with what they depend on. */
export function install(packed, folder) {
  const modules = path.join(folder, 'node_modules');
  for (const { manifest, contents } of packed)
    for (const [file, data] of contents) {
      const place = path.join(modules, manifest.name, file);
      mkdirSync(path.dirname(place), { recursive: true });
      writeFileSync(place, data);
    }
  for (const { manifest, folder: source } of packed) {
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })) {
      const [place, there] = [path.join(modules, name), path.join(source, 'node_modules', name)];
      if (existsSync(place) || !existsSync(there)) continue;
      mkdirSync(path.dirname(place), { recursive: true });
      symlinkSync(realpathSync(there), place, 'junction');
    }
  }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
}

/** A consumer's type check: every entry point, and `consumer/consumer.ts` if all packages are there. */
export async function typeProblems(
  packed,
  folder,
  consumer = path.join(import.meta.dirname, '../consumer/consumer.ts'),
) {
  cpSync(consumer, path.join(folder, 'consumer.ts'));
  const all = await Promise.all(
    resolutions.flatMap(({ name: resolution, ...module }) => {
      const config = path.join(folder, `tsconfig.${resolution}.json`);
      writeFileSync(
        config,
        JSON.stringify({
          compilerOptions: { ...options, ...module },
          files: ['consumer.ts', ...entries(packed, folder)],
        }),
      );
      return compilers.map(async ({ name: compiler, tsc }) => {
        const log = await run(process.execPath, [tsc, '-p', config, '--pretty', 'false'], { cwd: folder }).catch(
          (error) => {
            if (error.log) return error.log;
            throw error;
          },
        );
        return log
          .split('\n')
          .filter((line) => line.includes('error TS'))
          .map((line) => ({
            message: `${compiler}, moduleResolution ${resolution}: ${line}`,
            remedy: 'mend the declarations or the exports map that it reads; tools/release/consumer is the program',
          }));
      });
    }),
  );
  return all.flat();
}

/** A module that imports every entry point. */
function entries(packed, folder) {
  const lines = packed.flatMap(({ manifest }) =>
    entryPoints(manifest).map(({ subpath }) => `import '${specifier(manifest, subpath)}';`),
  );
  writeFileSync(path.join(folder, 'entries.ts'), `${lines.join('\n')}\n`);
  return ['entries.ts'];
}

const specifier = ({ name }, subpath) => `${name}${subpath.slice(1)}`;

/** Loads every entry point by `import` and by `require`, in the Node that runs this. */
export async function loadProblems(packed, folder) {
  const names = packed.flatMap(({ manifest }) =>
    entryPoints(manifest).map(({ subpath }) => ({ package: manifest.name, name: specifier(manifest, subpath) })),
  );
  const all = await Promise.all(
    names.flatMap(({ package: owner, name }) =>
      ['import', 'require'].map(async (how) => {
        const call = how === 'import' ? `await import('${name}')` : `require('${name}')`;
        const args = [
          `--input-type=${how === 'import' ? 'module' : 'commonjs'}`,
          '-e',
          `if (Object.keys(${call}).length === 0) throw new Error('it exports nothing')`,
        ];
        return run(process.execPath, args, { cwd: folder }).then(
          () => [],
          (error) => [
            {
              package: owner,
              message: `${how} of ${name} in Node ${process.versions.node}: ${/^.*Error.*$/m.exec(error.log ?? '')?.[0] ?? error.message}`,
              remedy: 'mend its exports map, a file that is missing, or an await at the top level',
            },
          ],
        );
      }),
    ),
  );
  return all.flat();
}
