import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { catalogue } from '@isoloss/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { main } from 'isoloss';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { anchorsOf, type Block, blocksOf, linksOf, read, root } from './support/markdown.ts';
import { notRun } from './support/not-run.ts';
import { hasPython, isRun, rewrite, runPage } from './support/page.ts';

const git = (...args: string[]): string[] =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
const pages = git('ls-files', '--cached', '--others', '--exclude-standard', '*.md').filter(
  // A page of the package that is made from the template: its test runs it there.
  (page) => existsSync(path.join(root, page)) && !/^(\.changeset|api|packages\/create-isoloss\/template)\//.test(page),
);
// The API reference repeats the doc comments, whose examples are parts of programs.
const all = new Map(pages.filter((page) => !page.startsWith('docs/api/')).map((page) => [page, blocksOf(page)]));
const blocks = [...all.values()].flat();
const at = ({ page, line }: Block): string => `${page}:${line}`;

// Inside the workspace, where the packages resolve to what was built, as they do for a user.
mkdirSync(path.join(root, '.cache'), { recursive: true });
const folder = mkdtempSync(path.join(root, '.cache/readme-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.concurrent('code runs, and prints what the page says', () => {
  const isLoss = (page: string): boolean => page.startsWith('docs/losses/');
  const own = [...all].filter(([page, list]) => !isLoss(page) && list.some(isRun));
  const losses = [...all].filter(([page]) => isLoss(page)).flatMap(([, list]) => list);
  // One process for the many small blocks of the losses.
  const runs: [string, Block[]][] = [...own, ...(losses.some(isRun) ? [['docs/losses', losses] as const] : [])].map(
    ([page, list]) => [page, [...list]],
  );
  test('there is some', () => expect(blocks.filter(isRun).length).toBeGreaterThan(15));

  test.each(runs)('%s', { timeout: 240_000 }, async (page, list) => {
    const outcomes = await runPage(list, path.join(folder, page.replace(/\W+/g, '-')));
    if (process.env.ISOLOSS_WRITE_OUTPUTS === '1') rewrite(outcomes);
    for (const { block, stdout, error, expected } of outcomes) {
      expect(error, `${at(block)} failed`).toBeUndefined();
      if (expected !== undefined) expect(stdout, `${at(block)} prints`).toBe(expected);
    }
  });
});

describe('code that is not run', () => {
  test('is what is listed here', () => {
    const marked = blocks.filter(({ marker }) => marker?.kind === 'not run' || marker?.kind === 'output varies');
    const counts: Record<string, number> = {};
    for (const { page } of marked) counts[page] = (counts[page] ?? 0) + 1;
    expect(counts).toEqual(notRun);
  });

  test('names commands and flags that there are', async () => {
    const written: string[] = [];
    const print = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const wrong: string[] = [];
    for (const block of blocks.filter((other) => other.language === 'sh' && !isRun(other))) {
      const lines = block.code.replace(/\\\n/g, ' ').matchAll(/^(?:npx )?isoloss (.*)$/gm);
      for (const [, line] of lines) {
        const words = line!
          .replace(/"[^"]*"|'[^']*'/g, '_')
          .replace(/\s#.*|[|>].*/, '')
          .trim()
          .split(/\s+/);
        const named = words.slice(0, words.findIndex((word) => !/^[a-z]/i.test(word)) >>> 0);
        const deep = ['eval', 'export', 'conformance'].includes(named[0]!) ? named.slice(0, 2) : named.slice(0, 1);
        // A loss of a package that is not here has flags of its own beside those that each has.
        if (words.includes('--package') && deep.length > 1) deep[1] = 'huber';
        written.length = 0;
        await main([...deep, '--help']);
        const help = written.join('');
        for (const flag of words.filter((word) => word.startsWith('--')))
          if (!new RegExp(`${flag}\\b`).test(help)) wrong.push(`${at(block)}: ${deep.join(' ')} has no ${flag}`);
      }
    }
    print.mockRestore();
    expect(wrong).toEqual([]);
  });

  test('a file of the repository is that file', () => {
    for (const block of blocks.filter(({ marker }) => marker?.kind === 'same as'))
      expect(block.code, at(block)).toBe(read(path.join(path.dirname(block.page), block.marker!.text)));
  });
});

test('TypeScript is typed', { timeout: 120_000 }, () => {
  const project = path.join(folder, 'types');
  for (const block of blocks.filter(({ language }) => language === 'ts')) {
    if (block.marker?.kind === 'same as') continue;
    const name = block.marker?.kind === 'file' ? block.marker.text : `block-${block.line}.ts`;
    const file = path.join(project, block.page.replace(/\W+/g, '-'), name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${block.code}export {};\n`);
  }
  const options = { extends: path.join(root, 'tsconfig.base.json'), include: ['**/*.ts'] };
  const compilerOptions = { noEmit: true, types: ['node'], noUnusedLocals: false, lib: ['es2023', 'dom'] };
  writeFileSync(path.join(project, 'tsconfig.json'), JSON.stringify({ ...options, compilerOptions }));
  const { stdout } = spawnSync(path.join(root, 'node_modules/.bin/tsc'), ['-p', project], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

describe('JSON', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true, strict: false });
  const compiled = (file: string) => ajv.compile(JSON.parse(read(file)));
  const schemas = {
    'isoloss-vectors/1': compiled('packages/conformance/schemas/vectors.schema.json'),
    'isoloss-expectations/1': compiled('packages/conformance/schemas/expectations.schema.json'),
    'isoloss-backend/1': compiled('packages/cli/schemas/backend-config.schema.json'),
  };
  const protocol = compiled('packages/conformance/schemas/protocol.schema.json');
  const valid = (validate: typeof protocol, data: unknown, block: Block) =>
    expect(validate(data), `${at(block)}: ${ajv.errorsText(validate.errors)}`).toBe(true);

  test('is as its schema wants it', () => {
    for (const block of blocks.filter(({ language }) => language === 'json')) {
      const data = JSON.parse(block.code);
      const validate = schemas[data.schema as keyof typeof schemas];
      if (data.schema !== undefined) expect(Object.keys(schemas), at(block)).toContain(data.schema);
      if (validate !== undefined) valid(validate, data, block);
    }
  });

  test('lines are messages of the protocol', () => {
    const messages = blocks
      .filter(({ language }) => language === 'jsonl')
      .flatMap((block) =>
        block.code
          .trim()
          .split('\n')
          .map((line) => ({ block, line })),
      );
    for (const { block, line } of messages) valid(protocol, JSON.parse(line), block);
  });
});

test.skipIf(!hasPython)('Python compiles', () => {
  for (const block of blocks.filter(({ language }) => language === 'python')) {
    const compile = 'import ast, sys; ast.parse(sys.stdin.read())';
    const { status, stderr } = spawnSync('python3', ['-c', compile], { input: block.code, encoding: 'utf8' });
    expect(status, `${at(block)}: ${stderr}`).toBe(0);
  }
});

test('figures of the catalogue are those of the catalogue', () => {
  const vectors = git('ls-files', 'packages/conformance/vectors/*.json').map((file) => JSON.parse(read(file)));
  const cases = vectors.reduce((sum, { cases }) => sum + cases.length, 0);
  const rounded = Math.floor(cases / 100) * 100;
  for (const page of pages.filter((name) => !/^docs\/(losses|api|disagreements)/.test(name))) {
    for (const [said, losses] of read(page).matchAll(/\b(\d{3,}) losses\b/g))
      expect(Number(losses), `${page}: ${said}`).toBe(catalogue.size);
    for (const [said, number] of read(page).matchAll(/\b(\d,\d{3}) (?:golden )?vectors\b/g))
      expect(number, `${page}: ${said}`).toBe(rounded.toLocaleString('en'));
  }
});

describe('pages about other libraries', () => {
  const losses = {
    'docs/from-pytorch.md':
      `L1 MSE CrossEntropy CTC NLL PoissonNLL GaussianNLL KLDiv BCE BCEWithLogits MarginRanking HingeEmbedding
      MultiLabelMargin Huber SmoothL1 SoftMargin MultiLabelSoftMargin CosineEmbedding MultiMargin TripletMargin
      TripletMarginWithDistance`.replace(/\w+/g, 'nn.$&Loss'),
    'docs/from-keras.md': `BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy CategoricalFocalCrossentropy
      CategoricalGeneralizedCrossEntropy CategoricalHinge Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh
      MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
      SparseCategoricalCrossentropy SquaredHinge Tversky`,
    'docs/from-tfjs.md':
      `absoluteDifference cosineDistance hingeLoss huberLoss logLoss meanSquaredError sigmoidCrossEntropy
      softmaxCrossEntropy`.replace(/\w+/g, 'losses.$&'),
  };
  test.each(Object.entries(losses))('%s has every loss of it', (page, names) => {
    const rows = [...read(page).matchAll(/^\| `([^`(]+)/gm)].map(([, name]) => name);
    for (const name of names.split(/\s+/)) expect(rows, name).toContain(name);
  });
});

describe('links', () => {
  const anchors = new Map<string, Set<string>>();
  const anchorsIn = (page: string) => {
    if (!anchors.has(page)) anchors.set(page, anchorsOf(page));
    return anchors.get(page)!;
  };

  test.each(pages)('of %s lead somewhere', (page) => {
    const dead = linksOf(page).filter((link) => {
      if (/^[a-z]+:/i.test(link)) return false;
      const [file, anchor] = decodeURI(link).split('#') as [string, string | undefined];
      const target = file === '' ? page : path.posix.join(path.posix.dirname(page), file);
      if (target.startsWith('..') || !existsSync(path.join(root, target))) return true;
      return anchor !== undefined && target.endsWith('.md') && !anchorsIn(target).has(anchor);
    });
    expect(dead).toEqual([]);
  });
});
