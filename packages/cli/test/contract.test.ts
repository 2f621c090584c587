import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ContractReport, Finding } from '../src/contract/types.ts';
import { ensureBuilt, inProcess, isoloss, root } from './command.ts';
import { type Change, Fabricated } from './contract-trees.ts';
import { conforms } from './schemas.ts';

/**
 * A built copy of this tree is released, changed by a line and compared with that release by its own command. What the
 * parts of the comparison find is in contract-parts.test.ts.
 */
const folder = mkdtempSync(join(tmpdir(), 'isoloss-contract-test-'));
const released = join(folder, 'released');
const losses = ['bpr', 'dpo', 'elasticNet', 'l1Penalty', 'l2Penalty', 'poissonNll'];
let tree: Fabricated;

beforeAll(async () => {
  await ensureBuilt();
  tree = new Fabricated(join(folder, 'tree'), '1.2.0', losses);
  tree.pack(released);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// A run is of some six processes: seconds on a quiet machine.
vi.setConfig({ testTimeout: 240_000 });

interface Options {
  readonly changes?: readonly Change[];
  readonly bump?: 'patch' | 'minor' | 'major';
  readonly backend?: string;
  readonly args?: readonly string[];
  readonly against?: string;
}

/** What the command makes of the tree with changes in it. */
async function run(
  names: string,
  { changes = [], bump, backend = 'reference', args = [], against = released }: Options = {},
) {
  const undo = changes.map((change) => tree.change(change));
  tree.pending(bump);
  try {
    const what = ['--against', against, '--loss', names, '--backend', backend, '--jobs', '1'];
    return await tree.isoloss(['contract', ...what, ...args]);
  } finally {
    for (const one of undo) one();
  }
}

async function contract(names: string, options: Options = {}) {
  const { code, stdout, stderr } = await run(names, { ...options, args: ['--json'] });
  expect(stdout, stderr).not.toBe('');
  const report = JSON.parse(stdout) as ContractReport;
  conforms('contract', report);
  return { code, report };
}

const about = ({ findings }: ContractReport, subject: string): Finding[] =>
  findings.filter((finding) => finding.subject === subject);

const columns = ['reference float32', 'reference float64', 'wasm float32', 'wasm float64'];
const elasticNet = 'core/dist/losses/penalty/elastic-net.js';

describe('isoloss contract on a tree', () => {
  it('none: equal to the release, number by number', async () => {
    const { code, report } = await contract('l2Penalty', { backend: 'reference,wasm' });
    expect(report).toMatchObject({ class: 'none', findings: [], notes: [], ok: true });
    expect(report.ran.map(({ backend, dtype }) => `${backend} ${dtype}`)).toEqual(columns);
    for (const { vectors } of report.ran) expect(vectors).toBeGreaterThan(30);
    expect(report.moved.map(({ vectors, moved }) => [vectors > 20, moved])).toEqual(Array(4).fill([true, 0]));
    expect(code).toBe(0);
  });

  it('patch: another README; fails without a changeset', async () => {
    const changes = [{ file: 'cli/README.md', from: '# isoloss\n', to: '# isoloss!\n' }];
    const { code, stdout } = await run('l2Penalty', { changes });
    expect(stdout).toMatch(/^patch: since isoloss 1\.2\.0; no release is pending, which says less\n/);
    expect(stdout).toContain('isoloss: 1 file changed (README.md)');
    expect(stdout).toMatch(/FAIL: add a changeset: npx changeset, choose patch or more/);
    expect(code).toBe(1);
  });

  it('patch: numbers that moved within the bounds, with the largest change; a patch changeset is enough', async () => {
    const changes = [{ file: elasticNet, from: '.mul(strength)', to: '.mul(strength * 3).div(3)' }];
    const { code, report } = await contract('elasticNet', { changes, bump: 'patch' });
    expect(report.class).toBe('patch');
    const moved = report.moved.find(({ dtype }) => dtype === 'float64')!;
    expect(moved.moved).toBeGreaterThan(0);
    expect(moved.worst).toMatchObject({ loss: 'elasticNet' });
    expect(moved.worst!.ulp).toBeGreaterThan(0);
    expect(about(report, 'reference float64')[0]!.what).toMatch(
      /moved within their bounds in \d+ of \d+ vectors, by up to/,
    );
    expect(report).toMatchObject({ ok: true, pending: { to: '1.2.1', changesets: ['pending'] } });
    expect(code).toBe(0);
  });

  it('minor: a new alias; a patch changeset says less', async () => {
    const changes = [{ file: elasticNet, from: "family: 'penalty'", to: "aliases: ['l1l2'], family: 'penalty'" }];
    const { code, report } = await contract('elasticNet', { changes, bump: 'patch' });
    expect(report.class).toBe('minor');
    expect(about(report, 'elasticNet')).toMatchObject([{ class: 'minor', what: 'a new alias, l1l2' }]);
    expect(report.pending).toMatchObject({ bump: 'patch', needed: 'minor', enough: false });
    expect(code).toBe(1);
  });

  it('major: a changed default; a minor changeset says less', async () => {
    const changes = [{ file: elasticNet, from: '.default(0.01)', to: '.default(0.02)' }];
    const { code, stdout } = await run('elasticNet', { changes, bump: 'minor' });
    // The example of the documentation.
    expect(readFileSync(join(root, 'docs/contract.md'), 'utf8')).toContain(`\n\`\`\`text\n${stdout}\`\`\`\n`);
    expect(code).toBe(1);
  });

  it('major: a flipped sign within a rarely used option; a major changeset is enough', async () => {
    const file = 'core/dist/losses/regression/poisson-nll.js';
    const changes = [{ file, from: 'excess.add(spread)', to: 'excess.sub(spread)' }];
    const { code, report } = await contract('poissonNll', { changes, bump: 'major', backend: 'reference,wasm' });
    expect(report).toMatchObject({ class: 'major', ok: true, pending: { to: '2.0.0' } });
    const [finding] = about(report, 'poissonNll');
    expect(finding).toMatchObject({ class: 'major', area: 'numbers' });
    const { failures } = finding!;
    expect(failures!.map(({ backend, dtype }) => `${backend} ${dtype}`)).toEqual(columns);
    const { worst, ids, total } = failures!.at(-1)!;
    expect(ids.length).toBeLessThan(total / 2);
    expect(Math.abs(worst.got! - worst.expected!)).toBeGreaterThan(worst.bound!);
    expect(worst.released).toBeCloseTo(worst.expected!, 5);
    expect(code).toBe(0);
  });

  it('major: a dropped loss, a formula that earns itself wider bounds, a weaker check', async () => {
    const penalties = 'core/dist/losses/penalty';
    const changes = [
      { file: 'core/dist/losses/index.js', from: "export { l2Penalty } from './penalty/l-2-penalty.js';\n", to: '' },
      // By its own bounds, which follow the formula, it would pass.
      { file: `${penalties}/l-1-penalty.js`, from: '.abs()', to: '.abs().add(1e7).sub(1e7)' },
      // What was refused is computed.
      { file: 'core/dist/losses/preference/dpo.js', from: 'z.number().positive()', to: 'z.number()' },
    ];
    const { code, report } = await contract('l2Penalty,l1Penalty,dpo', { changes });
    expect(about(report, 'l2Penalty')).toMatchObject([{ class: 'major', area: 'catalogue', what: 'the loss is gone' }]);
    expect(about(report, 'l1Penalty')).toMatchObject([{ class: 'major', area: 'numbers' }]);
    expect(about(report, 'dpo').map(({ class: change, area }) => [change, area])).toEqual([
      ['major', 'numbers'],
      ['minor', 'catalogue'],
    ]);
    expect(about(report, 'dpo')[0]!.failures![0]!.worst.reason).toMatch(
      /^expected the error BAD_OPTION, got the result/,
    );
    expect(code).toBe(1);
  });

  it('major: a default that every vector states otherwise; only the catalogue tells', async () => {
    const changes = [{ file: 'core/dist/loss/define.js', from: ".default('mean')", to: ".default('sum')" }];
    const { report } = await contract('bpr', { changes, bump: 'major' });
    expect(about(report, 'bpr')).toEqual([
      {
        class: 'major',
        area: 'catalogue',
        subject: 'bpr',
        what: 'the default of reduction is another',
        before: 'mean',
        after: 'sum',
      },
    ]);
  });
});

describe('isoloss contract on a runtime of others', () => {
  const change = { file: 'onnx/dist/lower.js', from: "sub: op('Sub')", to: "sub: op('Add')" };
  const onnx = { backend: 'reference,onnx-node' } as const;
  beforeAll(() => tree.provide('onnxruntime-node', 'packages/cli'));

  it('what fails on one backend alone, where the release passes', async () => {
    const { report } = await contract('bpr', { ...onnx, changes: [change] });
    const [finding] = about(report, 'bpr');
    expect(finding).toMatchObject({ class: 'major', area: 'numbers' });
    expect(finding!.failures!.map(({ backend, dtype }) => `${backend} ${dtype}`)).toEqual([
      'onnx-node float32',
      'onnx-node float64',
    ]);
  });

  it('what the release fails there, too, is not held against the tree', async () => {
    const undo = tree.change(change);
    tree.pack(join(folder, 'broken'));
    undo();
    const { report } = await contract('bpr', { ...onnx, changes: [change], against: join(folder, 'broken') });
    expect(report).toMatchObject({ class: 'none', findings: [] });
  });
});

describe('isoloss contract --package', () => {
  const project = join(folder, 'project');
  const own = join(project, 'my-squares');
  const loss = (body: string) => `import { defineLoss, inputs } from '@isoloss/core';
export const mySquares = defineLoss({
  id: 'mySquares', inputs: inputs.regressionInputs, formula: ({ input, target }) => ${body},
});
`;
  const make = (version: string, body: string) => {
    const peerDependencies = { '@isoloss/core': '>=0' };
    const manifest = { name: 'my-squares', version, type: 'module', exports: './index.js', peerDependencies };
    const isoloss = { losses: './index.js', vectors: './vectors' };
    writeFileSync(join(own, 'package.json'), JSON.stringify({ ...manifest, isoloss }));
    writeFileSync(join(own, 'index.js'), loss(body));
  };
  const compare = async () => {
    const args = [
      'contract',
      '--package',
      './my-squares',
      '--against',
      'released.tgz',
      '--backend',
      'reference',
      '--json',
    ];
    const { code, stdout, stderr } = await isoloss(args, { cwd: project });
    expect(stdout, stderr).not.toBe('');
    return { code, report: JSON.parse(stdout) as ContractReport };
  };

  beforeAll(() => {
    mkdirSync(join(own, 'vectors'), { recursive: true });
    mkdirSync(join(project, 'node_modules/@isoloss'), { recursive: true });
    symlinkSync(join(root, 'packages/core'), join(project, 'node_modules/@isoloss/core'), 'junction');
    const vectors = readFileSync(join(root, 'packages/conformance/vectors/mse.json'), 'utf8');
    writeFileSync(
      join(own, 'vectors/mySquares.json'),
      vectors.replaceAll('"mse/', '"mySquares/').replace('"mse"', '"mySquares"'),
    );
    make('1.0.0', 'input.sub(target).square()');
    execFileSync('tar', ['-czf', 'released.tgz', 'my-squares'], { cwd: project });
  });

  it('compares a package of losses with its own release, by its version where it has no changesets', async () => {
    make('1.0.1', 'input.sub(target).square().mul(2)');
    const { code, report } = await compare();
    expect(report).toMatchObject({ class: 'major', release: { name: 'my-squares', version: '1.0.0' }, ok: false });
    expect(about(report, 'mySquares')).toMatchObject([{ area: 'numbers', class: 'major' }]);
    expect(report.pending).toMatchObject({ source: 'version', to: '1.0.1', needed: 'major' });
    expect(code).toBe(1);
    make('2.0.0', 'input.sub(target).square()');
    const same = await compare();
    expect(same.report).toMatchObject({ class: 'none', findings: [], notes: [], ok: true });
    expect(same.code).toBe(0);
  });
});

describe('isoloss contract: what can’t be compared', () => {
  it.each([
    [['--against', './nowhere'], 2, /no such file or folder/],
    [['--bump', 'huge'], 2, /--bump is patch, minor, major, not huge/],
    [['--jobs', '0'], 2, /--jobs/],
    [['--backend', 'abacus'], 2, /there is no backend "abacus"/],
  ])('%j', async (args, expected, message) => {
    const { code, stderr } = await inProcess(['contract', ...args]);
    expect(stderr).toMatch(message);
    expect(code).toBe(expected);
  });

  it('a registry that never had a release, and one that does not answer', async () => {
    const registry = await openRegistry(new Map());
    const first = await tree.isoloss(['contract', '--json'], registry.env);
    const report = JSON.parse(first.stdout);
    conforms('contract', report);
    expect(report).toMatchObject({ class: 'minor', ok: true });
    expect(first.code).toBe(0);
    const named = await tree.isoloss(['contract', '--against', '9.9.9'], registry.env);
    expect(named.stderr).toContain('the registry has no isoloss@9.9.9');
    expect(named.code).toBe(2);
    registry.close();
    const offline = await tree.isoloss(['contract'], registry.env);
    expect(offline.stderr).toMatch(
      /isoloss@latest can’t be had from the registry \(ECONNREFUSED.*--against takes a folder/,
    );
    expect(offline.code).toBe(1);
  });

  it('a release from a registry, with a package that this tree has no more', async () => {
    const names = { cli: 'isoloss', core: '@isoloss/core', wasm: '@isoloss/wasm', conformance: '@isoloss/conformance' };
    const files = Object.entries({ ...names, onnx: '@isoloss/onnx', tfjs: '@isoloss/tfjs' });
    const registry = await openRegistry(new Map(files.map(([file, name]) => [name, join(released, `${file}.tgz`)])));
    const hidden = join(folder, 'tfjs');
    renameSync(join(tree.folder, 'packages/tfjs'), hidden);
    try {
      const args = ['contract', '--loss', 'l2Penalty', '--backend', 'reference', '--bump', 'major', '--json'];
      const { stdout, stderr } = await tree.isoloss(args, registry.env);
      expect(stdout, stderr).not.toBe('');
      const report = JSON.parse(stdout) as ContractReport;
      expect(report.release).toEqual({ name: 'isoloss', version: '1.2.0', from: 'isoloss@1.2.0 of the registry' });
      expect(about(report, '@isoloss/tfjs')).toMatchObject([{ class: 'major', what: 'the package is gone' }]);
      expect(report.findings.filter(({ area }) => area === 'numbers')).toEqual([]);
    } finally {
      renameSync(hidden, join(tree.folder, 'packages/tfjs'));
      registry.close();
    }
  });
});

/** A registry on loopback that has one version of some packages, and nothing else. */
async function openRegistry(tarballs: ReadonlyMap<string, string>) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url!.slice(1).split('?')[0]!);
    const tarball = tarballs.get(path.replace(/\/-\.tgz$/, ''));
    if (tarball === undefined) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    const content = readFileSync(tarball);
    if (path.endsWith('.tgz')) return void response.end(content);
    const list = execFileSync('tar', ['-xzOf', tarball, `${basename(tarball, '.tgz')}/package.json`], {
      encoding: 'utf8',
    });
    const manifest = JSON.parse(list);
    const dist = {
      tarball: `http://${request.headers.host}/${path}/-.tgz`,
      shasum: createHash('sha1').update(content).digest('hex'),
    };
    response.setHeader('content-type', 'application/json').end(
      JSON.stringify({
        name: path,
        'dist-tags': { latest: manifest.version },
        versions: { [manifest.version]: { ...manifest, dist } },
      }),
    );
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    env: { npm_config_registry: `http://127.0.0.1:${port}/`, npm_config_cache: join(folder, 'npm') },
    close: () => void server.close(),
  };
}
