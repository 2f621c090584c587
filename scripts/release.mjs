// npm run release: everything between a version that is committed and packages that are published. CI runs this file and
// nothing else, so that what it would do can be seen here.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { certificateFile, certifiedPackages, problemsOf } from './lib/certificates.mjs';
import { releaseVersion } from './lib/packages.mjs';
import { root, run, step } from './lib/steps.mjs';
import { isLocal, isPublished, packAll, publish, readPacked, tarballProblems, tarballsOf } from './lib/tarballs.mjs';

const help = `npm run release -- [steps] [options]

  certify    the conformance report of this release, into the packages of the adapters
  check      npm run release:check
  contract   isoloss contract: numbers, defaults and interfaces against the last release
  pack       builds, and packs what will be published into .cache/release
  publish    publishes that to the registry that npm is set to

All of them, in this order, where none is named.

Options:
  --dry-run       does everything but publish
  --losses a,b    a rehearsal: certifies only these; published to a registry on this machine only
  --unpublished   only says whether there is anything to publish: true or false
  --help

Examples:
  npm run release -- --dry-run
  npm run release -- pack publish --dry-run
`;

const scripts = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).scripts;

/** A script of package.json, its output shown; one that does not exist is an error of the release, not a step done. */
const script = (name, ...args) => {
  if (scripts[name] === undefined) throw new Error(`package.json has no script ${name}`);
  return run('npm', ['run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])], { show: true });
};

const failIf = (problems) => {
  if (problems.length > 0) throw new Error(problems.join('\n'));
};

/** What is wrong with the certificates that were packed; those of the folders may be others by now. */
async function certificateProblems({ rehearsal }) {
  const names = certifiedPackages(root).map(({ name }) => name);
  const problems = [];
  for (const { name, version, file } of tarballsOf(root).filter((one) => names.includes(one.name))) {
    const text = await readPacked(file, certificateFile);
    if (text === undefined) problems.push(`${name}: its tarball has no ${certificateFile}: npm run certify makes it`);
    else problems.push(...problemsOf(text, { name, version, rehearsal }));
  }
  return problems;
}

const steps = {
  certify: {
    title: 'the conformance report of this release',
    run: ({ losses }) => script('certify', ...(losses === undefined ? [] : ['--losses', losses])),
  },
  check: { title: 'manifests, types, sizes, licences, public API', run: () => script('release:check') },
  contract: {
    title: 'the numeric contract with the last release',
    run: () => run(process.execPath, [path.join(root, 'packages/cli/bin/isoloss.js'), 'contract'], { show: true }),
  },
  pack: {
    title: 'packing',
    run: async ({ rehearsal }) => {
      // Nothing is packed that is older than its sources.
      await script('build');
      failIf((await Promise.all((await packAll(root)).map(tarballProblems))).flat());
      failIf(await certificateProblems({ rehearsal }));
    },
  },
  publish: {
    title: 'publishing',
    async run({ dryRun, rehearsal }) {
      const tarballs = tarballsOf(root);
      failIf(tarballs.filter(({ file }) => !existsSync(file)).map(({ name }) => `${name} is not packed`));
      failIf(await certificateProblems({ rehearsal }));
      if (rehearsal && !dryRun && !(await isLocal()))
        throw new Error('a rehearsal is not published where others install from');
      for (const tarball of tarballs) {
        const done = await publish(tarball, { dryRun });
        const how = done ? (dryRun ? 'would be published' : 'published') : 'is there already';
        console.log(`${tarball.name}@${tarball.version} ${how}`);
      }
    },
  },
};

try {
  const { values, positionals } = parseArgs({
    options: {
      'dry-run': { type: 'boolean' },
      help: { type: 'boolean' },
      losses: { type: 'string' },
      unpublished: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  failIf(
    positionals
      .filter((name) => !Object.hasOwn(steps, name))
      .map((name) => `there is no step ${name}; there are ${Object.keys(steps).join(', ')}`),
  );
  const dryRun = values['dry-run'] === true;
  const { losses } = values;
  const version = releaseVersion(root);
  if (values.help) {
    console.log(help);
  } else if (values.unpublished) {
    const known = await Promise.all(tarballsOf(root).map(({ name }) => isPublished(name, version)));
    console.log(version !== '0.0.0' && known.includes(false));
  } else {
    if (!dryRun && version === '0.0.0') throw new Error('0.0.0 is no release: npm run version makes one');
    for (const [name, { title, run: act }] of Object.entries(steps))
      if (positionals.length === 0 || positionals.includes(name))
        await step(title, () => act({ dryRun, losses, rehearsal: losses !== undefined }));
    console.log(`${version}: ${dryRun ? 'all of it would work' : 'done'}`);
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
