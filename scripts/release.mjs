// npm run release: everything between a version that is committed and packages that are published. CI runs this file and
// nothing else, so that what it would do can be seen here: npm run release -- --dry-run. Steps can be named to do only these.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { releaseVersion } from './lib/packages.mjs';
import { root, run, step } from './lib/steps.mjs';
import { packAll, publish, tarballProblems, tarballsOf } from './lib/tarballs.mjs';

const scripts = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).scripts;

/** A script of package.json, its output shown; one that does not exist is an error of the release, not a step done. */
const script = (name, ...args) => {
  if (scripts[name] === undefined) throw new Error(`package.json has no script ${name}`);
  return run('npm', ['run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])], { show: true });
};

const failIf = (problems) => {
  if (problems.length > 0) throw new Error(problems.join('\n'));
};

const steps = {
  check: { title: 'manifests, types, sizes, licences, public API', run: () => script('release:check') },
  contract: { title: 'the numeric contract with the last release', run: () => script('contract') },
  certify: { title: 'the conformance report of this release', run: () => script('certify') },
  pack: {
    title: 'packing',
    run: async () => failIf((await Promise.all((await packAll(root)).map(tarballProblems))).flat()),
  },
  publish: {
    title: 'publishing',
    async run({ dryRun }) {
      const tarballs = tarballsOf(root);
      failIf(tarballs.filter(({ file }) => !existsSync(file)).map(({ name }) => `${name} is not packed`));
      for (const tarball of tarballs) {
        const done = await publish(tarball, { dryRun });
        const how = done ? (dryRun ? 'would be published' : 'published') : 'is there already';
        console.log(`${tarball.name}@${tarball.version} ${how}`);
      }
    },
  },
};

try {
  const { values, positionals } = parseArgs({ options: { 'dry-run': { type: 'boolean' } }, allowPositionals: true });
  failIf(
    positionals
      .filter((name) => !Object.hasOwn(steps, name))
      .map((name) => `there is no step ${name}; there are ${Object.keys(steps).join(', ')}`),
  );
  const dryRun = values['dry-run'] === true;
  const version = releaseVersion(root);
  if (!dryRun && version === '0.0.0') throw new Error('0.0.0 is no release: npm run version makes one');
  for (const [name, { title, run: act }] of Object.entries(steps))
    if (positionals.length === 0 || positionals.includes(name)) await step(title, () => act({ dryRun }));
  console.log(`${version}: ${dryRun ? 'all of it would work' : 'done'}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
