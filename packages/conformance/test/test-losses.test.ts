import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { testLosses, vectorIds } from '@isoloss/conformance';
import { type Backend, defineLoss, type Expr, inputs, referenceBackend } from '@isoloss/core';
import { afterEach, expect, test } from 'vitest';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const ours = join(import.meta.dirname, '../vectors');

/** The vectors of one of our losses as those of a loss of one's own. */
function vectorsAs(id: string, from: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'isoloss-vectors-'));
  folders.push(folder);
  const text = readFileSync(join(ours, `${from}.json`), 'utf8');
  writeFileSync(join(folder, `${id}.json`), text.replaceAll(`"${from}/`, `"${id}/`).replace(`"${from}"`, `"${id}"`));
  return pathToFileURL(`${folder}/`);
}

const pair = (id: string, formula: (error: Expr) => Expr) =>
  defineLoss({
    id,
    inputs: inputs.regressionInputs,
    formula: ({ input, target }) => formula(input.sub(target)),
  });

/** Runs the tests as a framework does: what failed, by name. */
async function failures(
  module: Record<string, unknown>,
  vectors: URL,
  backends: readonly Backend[] = [referenceBackend()],
): Promise<{ names: string[]; failed: Record<string, string> }> {
  const tests: [string, () => Promise<void>][] = [];
  let within = '';
  testLosses(module, {
    describe: (name, body) => {
      within = `${name}: `;
      body();
      within = '';
    },
    test: (name, body) => tests.push([within + name, body]),
    backends,
    vectors,
  });
  const failed: Record<string, string> = {};
  for (const [name, body] of tests)
    try {
      await body();
    } catch (error) {
      failed[name] = (error as Error).message;
    }
  return { names: tests.map(([name]) => name), failed };
}

test('a right loss holds', async () => {
  const square = pair('ownSquare', (error) => error.square());
  expect(await failures({ square, helper: 1 }, vectorsAs('ownSquare', 'mse'))).toEqual({
    names: [
      'every file of vectors is of a loss of the package',
      'ownSquare: its formula loses no digits',
      'ownSquare: every vector on reference',
    ],
    failed: {},
  });
});

test('a wrong formula fails on every backend', async () => {
  const wrong = pair('ownWrong', (error) => error.square().mul(0.5));
  const { failed } = await failures({ wrong }, vectorsAs('ownWrong', 'mse'));
  expect(failed['ownWrong: every vector on reference']).toMatch(/ownWrong\/0001 in float32: value.*\nownWrong/);
});

test('a formula that cancels fails, although backends keep to its wide bound', async () => {
  const textbook = pair('ownCosh', (error) => error.exp().add(error.neg().exp()).mul(0.5).log());
  const { failed } = await failures({ textbook }, vectorsAs('ownCosh', 'logCosh'));
  expect(failed['ownCosh: its formula loses no digits']).toMatch(
    /outputs (may overflow on the way, or )?lose more digits than rounding .* ownCosh\/\d{4}/,
  );
});

test('no vectors, vectors of no loss, vectors that are none', async () => {
  const folder = vectorsAs('ownStranger', 'mse');
  const alone = pair('ownAlone', (error) => error.abs());
  const { failed } = await failures({ alone }, folder);
  expect(failed['every file of vectors is of a loss of the package']).toBe(
    'there are vectors of ownStranger, and no such loss',
  );
  expect(failed['ownAlone: every vector on reference']).toMatch(/ownAlone\.json: there is no such file$/);
  writeFileSync(new URL('ownAlone.json', folder), '{"schema": "isoloss-vectors/1", "loss": "ownAlone"}');
  expect((await failures({ alone }, folder)).failed['ownAlone: every vector on reference']).toMatch(
    /ownAlone\.json: vectors need a list of cases$/,
  );
  writeFileSync(new URL('ownAlone.json', folder), '{');
  expect((await failures({ alone }, folder)).failed['ownAlone: every vector on reference']).toMatch(
    /ownAlone\.json: .*JSON/,
  );
  cpSync(new URL('ownStranger.json', folder), new URL('ownAlone.json', folder));
  expect((await failures({ alone }, folder)).failed['ownAlone: every vector on reference']).toMatch(
    /it says that it is of ownStranger$/,
  );
});

test('a backend that is not there is no pass', async () => {
  const square = pair('ownAbsent', (error) => error.square());
  const backend = referenceBackend();
  const absent: Backend = {
    ...backend,
    id: 'absent',
    describe: async () => ({ ...(await backend.describe()), available: false, reason: 'gone', remedy: 'install it' }),
  };
  const { failed } = await failures({ square }, vectorsAs('ownAbsent', 'mse'), [absent]);
  expect(failed).toEqual({
    'ownAbsent: every vector on absent': 'absent is not available: gone; to mend it: install it',
  });
});

test('a module without losses, and no backends, are errors at once', async () => {
  const square = pair('ownSquareAgain', (error) => error.square());
  await expect(failures({ helper: 1 }, vectorsAs('x', 'mse'))).rejects.toThrow('the module exports no loss');
  await expect(failures({ square }, vectorsAs('x', 'mse'), [])).rejects.toThrow('there is no backend');
  expect(await vectorIds(vectorsAs('ownName', 'mse'))).toEqual(['ownName']);
});
