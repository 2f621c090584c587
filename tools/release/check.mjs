// pnpm release:check: everything that must hold before the packages are published, in one run.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { publicPackages } from '../../scripts/lib/packages.mjs';
import { root, run, step } from '../../scripts/lib/steps.mjs';
import { apiOf, compareFiles, reference, referenceOf, snapshots, writeFiles } from './gates/api.mjs';
import { install, loadProblems, typeProblems } from './gates/consumers.mjs';
import { dependencies, licenceFile, licencePage, licencePageNow, licenceProblems } from './gates/licences.mjs';
import { attwProblems, publintProblems } from './gates/lint.mjs';
import { checkManifests } from './gates/manifest.mjs';
import { budgets, kilobytes, sizeProblems, updateBudgets } from './gates/sizes.mjs';
import { unusedProblems } from './gates/unused.mjs';
import { inTemporaryFolder, pack, removeStale } from './packages.mjs';

const help = `pnpm release:check [options]

Builds and packs every public package, and checks what would be published. Nothing is published.

  build      turbo run build
  manifest   fields of package.json, licence, README, what is in the tarballs
  publint    publint --strict
  attw       are the types wrong?, for packages of modules only
  consumers  TypeScript 5.9 and 7, moduleResolution bundler and nodenext, on the packages as packed
  load       import and require of every entry point, in this Node
  unused     knip: files, exports, dependencies (knip.jsonc)
  sizes      bundles and tarballs against their budgets (tools/release/sizes.json)
  licences   of all that comes with the packages: allowed, and listed in THIRD-PARTY.md
  api        declarations of every entry point as in api/; everything exported has a doc comment
  reference  docs/api is as the sources have it

Options:
  --only <gates>      these alone, by name, with commas between
  --update-api        acknowledges a changed interface: writes api/ and docs/api
  --update-sizes      writes budgets 5% above what is measured, where they do not fit
  --update-licences   writes THIRD-PARTY.md
  --json              one JSON object on standard output
  --help

Examples:
  pnpm release:check
  pnpm release:check --only api,reference --update-api
  pnpm release:check --json > release.json

Exit code: 0 all is well, 1 something is not, 2 the command is wrong.
`;

/** Each gets what has been packed and gives problems: `{ package?, message, detail?, remedy }`. */
const gates = {
  manifest: ({ packed }) => checkManifests(packed),
  publint: async ({ packed }) => (await Promise.all(packed.map(publintProblems))).flat(),
  async attw({ packed }) {
    const problems = [];
    for (const one of packed) problems.push(...(await attwProblems(one)));
    return problems;
  },
  consumers: ({ packed, folder }) => typeProblems(packed, folder),
  load: ({ packed, folder }) => loadProblems(packed, folder),
  unused: () => unusedProblems(),
  async sizes({ packed, update, results }) {
    const { sizes, problems } = await sizeProblems(packed, budgets());
    results.sizes = sizes;
    if (!update.sizes) return problems;
    updateBudgets(sizes);
    return [];
  },
  async licences({ update }) {
    const list = await dependencies();
    const page = licencePage(list);
    if (update.licences) writeFileSync(licenceFile, page);
    const stale = licencePageNow() !== page;
    return [
      ...licenceProblems(list),
      ...(stale
        ? [{ message: 'THIRD-PARTY.md is not what is installed', remedy: 'pnpm release:check --update-licences' }]
        : []),
    ];
  },
  async api({ packages, update }) {
    const { pages, problems } = await apiOf(packages);
    if (update.api) writeFiles(snapshots, pages);
    const remedy = 'if it is meant: pnpm release:check --update-api, and a changeset';
    return [...problems, ...(await compareFiles(snapshots, pages, { what: 'the public interface', remedy }))];
  },
  async reference({ packages, update }) {
    const { pages } = await referenceOf(packages);
    if (update.api) writeFiles(reference, pages);
    const remedy = 'pnpm release:check --update-api';
    return compareFiles(reference, pages, { what: 'the API reference', remedy });
  },
};

async function main(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string' },
      'update-api': { type: 'boolean', default: false },
      'update-sizes': { type: 'boolean', default: false },
      'update-licences': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const wanted = values.only?.split(',') ?? ['build', ...Object.keys(gates)];
  const unknown = wanted.filter((name) => name !== 'build' && !(name in gates));
  if (unknown.length > 0)
    throw new UsageError(`there is no ${unknown.join(', ')}; there are build, ${Object.keys(gates).join(', ')}`);
  const update = { api: values['update-api'], sizes: values['update-sizes'], licences: values['update-licences'] };

  const started = Date.now();
  const packages = publicPackages(root);
  const results = {};
  const reports = [];
  const gate = async (name, action) => {
    const since = Date.now();
    let problems = [];
    await step(name, async () => {
      problems = await action();
      return problems.length === 0 ? '' : `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
    }).catch((error) => {
      problems = [{ message: error.message, remedy: 'see above' }];
    });
    reports.push({ name, ok: problems.length === 0, seconds: (Date.now() - since) / 1000, problems });
  };

  if (wanted.includes('build')) {
    await gate('build', async () => {
      const env = {
        PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH}`,
        TURBO_TELEMETRY_DISABLED: '1',
      };
      await run(path.join(root, 'node_modules/.bin/turbo'), ['run', 'build', '--output-logs=errors-only'], { env });
      packages.forEach(removeStale);
      return [];
    });
  }
  if (reports.every(({ ok }) => ok)) {
    await inTemporaryFolder(async (folder) => {
      let packed = [];
      await step('packing', async () => {
        packed = await pack(packages, folder);
      });
      install(packed, folder);
      const context = { packages, packed, folder, update, results };
      // Two at a time: more would only wait for one another.
      const waiting = Object.keys(gates).filter((name) => wanted.includes(name));
      const worker = async () => {
        for (let name = waiting.shift(); name !== undefined; name = waiting.shift())
          await gate(name, async () => gates[name](context));
      };
      await Promise.all([worker(), worker()]);
      results.packed = packed;
    });
  }
  const ok = reports.every((report) => report.ok);
  const seconds = (Date.now() - started) / 1000;
  const summary = summarize(results, reports);
  if (values.json)
    process.stdout.write(
      `${JSON.stringify({ schema: 'isoloss-release-check/1', ok, seconds, gates: reports, packages: summary })}\n`,
    );
  else process.stdout.write(text(reports, summary, ok, seconds));
  return ok ? 0 : 1;
}

/** What is known of each package, and how many problems it has. */
function summarize({ packed = [], sizes }, reports) {
  const problems = reports.flatMap((report) => report.problems);
  return packed.map(({ manifest, packed: bytes, unpacked, contents }) => ({
    name: manifest.name,
    version: manifest.version,
    files: contents.size,
    packed: bytes,
    unpacked,
    bundles: Object.fromEntries(
      Object.entries(budgets().entries).flatMap(([name, entry]) =>
        entry.package === manifest.name && sizes?.entries[name] !== undefined ? [[name, sizes.entries[name]]] : [],
      ),
    ),
    problems: problems.filter((problem) => problem.package === manifest.name).length,
  }));
}

function text(reports, packages, ok, seconds) {
  const lines = reports.flatMap(({ name, problems }) =>
    problems.flatMap(({ package: owner, message, detail, remedy }) => [
      `${name}: ${owner ? `${owner}: ` : ''}${message}`,
      ...(detail ? detail.split('\n').map((line) => `    ${line}`) : []),
      `  to mend it: ${remedy}`,
    ]),
  );
  if (packages.length > 0)
    lines.push(
      '',
      ...table(
        ['package', 'version', 'files', 'tarball', 'unpacked', 'bundles, gzipped', 'problems'],
        packages.map(({ name, version, files, packed, unpacked, bundles, problems }) => [
          name,
          version,
          files,
          kilobytes(packed),
          kilobytes(unpacked),
          Object.entries(bundles)
            .map(([bundle, size]) => `${bundle} ${kilobytes(size)}`)
            .join(', '),
          problems,
        ]),
      ),
    );
  const failed = reports.filter((report) => !report.ok).map(({ name }) => name);
  lines.push(
    '',
    ok
      ? `Ready for release: ${reports.length} of ${reports.length} gates passed (${seconds.toFixed(0)} s)`
      : `Not ready: ${failed.join(', ')} (${seconds.toFixed(0)} s)`,
  );
  return `${lines.join('\n')}\n`;
}

function table(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, k) => Math.max(...all.map((row) => row[k].length)));
  return all.map((row) =>
    row
      .map((cell, k) => cell.padEnd(widths[k]))
      .join('  ')
      .trimEnd(),
  );
}

class UsageError extends Error {}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error.log) console.error(error.log);
  console.error(`release:check: ${error.message}`);
  process.exitCode = error instanceof UsageError || error.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1;
}
