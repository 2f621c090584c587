import { readFile } from 'node:fs/promises';
import {
  type Backend,
  createRunner,
  defineLoss,
  type FloatDType,
  inputs as inputSpecs,
  LossInputError,
  options,
} from '@isoloss/core';
import { type Expectation, type ExpectationsFile, parseExpectations } from './expectations.ts';
import { opSuite } from './op-suite.ts';
import { type ConformanceResult, isBad } from './result.ts';
import { runConformance } from './runner.ts';
import { loadVectors, vectorIdsNow } from './vector-files.ts';

/** What {@link testBackend} runs. */
export interface BackendTestOptions {
  /** Losses to run; all that have vectors where left out. */
  readonly losses?: readonly string[];
  /**
   * Vectors that are known to fail, each with its reason; one that passes fails the test. A list, or what
   * `isoloss conformance --update-expectations` wrote: the file's address, or its content as imported.
   */
  readonly expectations?: readonly Expectation[] | ExpectationsFile | URL;
}

/** One test of a backend; it throws an Error that says what is wrong. */
export interface BackendTest {
  readonly name: string;
  /** Runs it; rejects with an Error that says what is wrong. */
  run(): Promise<void>;
}

/** As vitest, jest and node:test have them. */
export interface TestFramework {
  /** Groups tests. */
  describe(name: string, body: () => void): unknown;
  /** Declares a test, which fails if its promise is rejected. */
  test(name: string, body: () => Promise<void>): unknown;
}

/**
 * The contract of a backend as tests, for an adapter's test file: it describes itself, every primitive is right at
 * special values, bad input is an error with its code, sizes may change, and every vector of every loss is within its
 * derived bound, a test a loss. This is a whole such file, of a backend that computes in another package's runtime:
 *
 * @example
 * import { testBackend } from '@isoloss/conformance';
 * import { describe, test } from 'vitest';
 * import { myBackend } from '../src/index.js';
 *
 * testBackend(myBackend(), {
 *   describe,
 *   test,
 *   expectations: [{ pattern: 'ctc/*', reason: 'no scan yet', link: 'https://example.org/issues/7' }],
 * });
 */
export function testBackend(
  given: Backend | (() => Backend),
  { describe, test, ...rest }: TestFramework & BackendTestOptions,
): void {
  const backend = typeof given === 'function' ? given() : given;
  describe(`${backend.id} holds the contract of a backend`, () => {
    for (const { name, run } of backendTests(backend, rest)) test(name, run);
  });
}

/** The same tests as a list, for any other framework. */
export function backendTests(
  backend: Backend,
  { losses = vectorIdsNow(), expectations = [] }: BackendTestOptions = {},
): BackendTest[] {
  return [
    { name: 'describes itself', run: () => describesItself(backend) },
    { name: 'every primitive at special values', run: () => operations(backend) },
    { name: 'a loss of one’s own, with gradients', run: () => customLoss(backend) },
    { name: 'bad input is an error with its code', run: () => badInput(backend) },
    { name: 'sizes may change between runs', run: () => changingSizes(backend) },
    ...losses.map((loss) => ({
      name: `every vector of ${loss}`,
      run: () => vectors(backend, loss, expectations),
    })),
  ];
}

async function describesItself(backend: Backend): Promise<void> {
  const description = await backend.describe();
  if (description.id !== backend.id) throw new Error(`it calls itself ${description.id}, and its id is ${backend.id}`);
  if (!description.available && !description.reason) throw new Error('not available, and gives no reason');
  if (description.dtypes.length === 0) throw new Error('it offers no dtype');
}

async function operations(backend: Backend): Promise<void> {
  const bad = (await opSuite(backend)).filter(({ outcome }) => outcome === 'fail' || outcome === 'error');
  if (bad.length > 0) throw new Error(bad.map(({ dtype, name, reason }) => `${reason} [${name}, ${dtype}]`).join('\n'));
}

const { float, weight } = inputSpecs;
const quartic = defineLoss({
  id: 'conformance:quartic',
  inputs: { input: float('N D'), target: float('N D'), weight: weight('N D', 'weights') },
  options: { classAxis: options.classAxis() },
  formula: ({ input, target }) => input.sub(target).square().square(),
});

const dtypesOf = async (backend: Backend): Promise<readonly FloatDType[]> => {
  const { available, dtypes } = await backend.describe();
  return available ? dtypes : [];
};

/** Dyadic numbers, so that every result is exact. */
async function customLoss(backend: Backend): Promise<void> {
  const runner = createRunner(backend);
  for (const dtype of await dtypesOf(backend)) {
    const { value, gradients } = await runner.run(
      quartic({ reduction: 'sum' }),
      { input: [[1, 2]], target: [[0, 4]], weight: [[1, 0.5]] },
      { dtype, gradients: ['input', 'weight'] },
    );
    same(`value in ${dtype}`, value.data, [9]);
    same(`gradient in ${dtype}`, gradients.input!.data, [4, -16]);
    same(`gradient by weight in ${dtype}`, gradients.weight!.data, [1, 16]);
  }
  runner.dispose();
}

function same(what: string, got: ArrayLike<number>, expected: readonly number[]): void {
  const list = Array.from(got);
  if (list.length !== expected.length || list.some((x, k) => x !== expected[k]))
    throw new Error(`${what} is [${list.join(', ')}], should be [${expected.join(', ')}]`);
}

async function badInput(backend: Backend): Promise<void> {
  const [dtype] = await dtypesOf(backend);
  if (dtype === undefined) return;
  const runner = createRunner(backend);
  const attempts = [
    ['SHAPE_MISMATCH', { input: [[1, 2]], target: [[1, 2, 3]] }],
    ['RANK_MISMATCH', { input: [1, 2], target: [[1, 2]] }],
    ['MISSING_INPUT', { input: [[1, 2]] }],
    ['UNKNOWN_INPUT', { input: [[1]], target: [[1]], surplus: [1] }],
  ] as const;
  for (const [code, inputs] of attempts) {
    try {
      await runner.run(quartic(), inputs, { dtype });
    } catch (error) {
      if (error instanceof LossInputError && error.code === code) continue;
      throw new Error(`expected ${code}, got ${error instanceof Error ? `${error.name}: ${error.message}` : error}`);
    }
    throw new Error(`expected ${code}, got a result`);
  }
  runner.dispose();
}

async function changingSizes(backend: Backend): Promise<void> {
  const runner = createRunner(backend);
  for (const dtype of await dtypesOf(backend))
    for (const n of [1, 3, 0, 2]) {
      const rows = { dtype: 'float32' as const, shape: [n, 2], data: new Float32Array(2 * n).fill(1) };
      const zeros = { ...rows, data: new Float32Array(2 * n) };
      const { value } = await runner.run(quartic({ reduction: 'sum' }), { input: rows, target: zeros }, { dtype });
      same(`the sum over ${n} rows in ${dtype}`, value.data, [2 * n]);
    }
  runner.dispose();
}

async function vectors(
  backend: Backend,
  loss: string,
  given: NonNullable<BackendTestOptions['expectations']>,
): Promise<void> {
  const expectations = { [backend.id]: await listOf(given) };
  const result = await runConformance({ backends: [backend], vectors: await loadVectors([loss]), expectations });
  const bad = failuresOf(result);
  if (bad.length > 0) throw new Error(bad.join('\n'));
}

async function listOf(given: NonNullable<BackendTestOptions['expectations']>): Promise<readonly Expectation[]> {
  if (given instanceof URL) return parseExpectations(await readFile(given, 'utf8')).expectations;
  return 'expectations' in given ? given.expectations : given;
}

const shown = 20;

/** What failed, a line each, as many as can be read. */
export function failuresOf({ cells }: ConformanceResult): string[] {
  const bad = cells.flatMap(({ dtype, cases }) =>
    cases.filter(isBad).map(({ id, reason }) => `${id} in ${dtype}: ${reason ?? 'failed'}`),
  );
  return bad.length > shown ? [...bad.slice(0, shown), `and ${bad.length - shown} more`] : bad;
}
