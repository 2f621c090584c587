// The command line.
import { parseArgs } from 'node:util';
import { catalogue } from '@isoloss/core';
import { suites } from './cases/suites.mjs';
import { kinds } from './contestants/index.mjs';

const pad = (entries) => entries.map(([name, about]) => `  ${name.padEnd(22)} ${about}`).join('\n');

export const help = `npm run bench -- [flags]

Times losses: our backends beside TensorFlow.js, naive ONNX graphs, and, with a Python that has them, torch and JAX.

${pad([
  ['--suite name', 'one of those below (headline)'],
  ['--python file', 'an interpreter with torch, and JAX if wanted; without it they are left out'],
  ['--loss a,b', 'only these losses'],
  ['--cases text', 'only cases whose name has this text: "crossEntropy 32x10"'],
  ['--size n', 'elements of the cases that have no fixed shape: 1e6'],
  ['--dtype a,b', 'float32, float64 (float32)'],
  ['--mode a,b', 'forward, gradient; gradient is value and gradient (the suite’s)'],
  ['--threads a,b', 'of those that can be told: wasm, onnx, torch, jax (1,2)'],
  ['--backends a,b', 'contestants (the suite’s)'],
  ['--rounds n', 'interleaved rounds (11)'],
  ['--warm-up ms', 'before the first round, each contestant (300)'],
  ['--sample ms', 'a sample is of as many runs as take this long (10)'],
  ['--budget ms', 'a contestant that has 5 samples and took this long gets no more (3000)'],
  ['--statistic name', 'median or min of the rounds, in tables and ratios; min where others use the machine (median)'],
  ['--clock name', 'wall or cpu: processors’ time, all threads together; for --threads 1 on a busy machine (wall)'],
  ['--json file', 'the report as data'],
  ['--markdown file', 'the report as Markdown'],
  ['--help', 'this'],
])}

Suites
${pad(Object.entries(suites).map(([name, { about }]) => [name, about]))}

Contestants
  ${Object.keys(kinds).join(', ')}
`;

/** What the user should read and nothing else. */
export class UsageError extends Error {}

function list(flag, value, known) {
  if (value === undefined) return undefined;
  const chosen = [...new Set(value.split(',').map((name) => name.trim()))].filter((name) => name !== '');
  for (const name of chosen)
    if (!known.includes(name)) {
      const there = known.length > 20 ? 'isoloss list shows what there is' : `there are ${known.join(', ')}`;
      throw new UsageError(`--${flag}: there is no ${JSON.stringify(name)}; ${there}`);
    }
  if (chosen.length === 0) throw new UsageError(`--${flag} names nothing`);
  return chosen;
}

function number(flag, value, least) {
  if (value === undefined) return undefined;
  const result = Number(value);
  if (!(result >= least) || !Number.isFinite(result))
    throw new UsageError(`--${flag} wants a number of at least ${least}, not ${JSON.stringify(value)}`);
  return result;
}

const flags = [
  'suite',
  'python',
  'loss',
  'cases',
  'size',
  'dtype',
  'mode',
  'threads',
  'backends',
  'rounds',
  'warm-up',
  'sample',
  'budget',
  'statistic',
  'clock',
  'json',
  'markdown',
];

/**
 * Settings from arguments.
 * @throws UsageError
 */
export function settingsFrom(args) {
  let values;
  try {
    const options = Object.fromEntries(flags.map((flag) => [flag, { type: 'string' }]));
    ({ values } = parseArgs({ args, options: { ...options, help: { type: 'boolean' } }, strict: true }));
  } catch (error) {
    throw new UsageError(`${error.message.split('. ')[0]}; --help shows what there is`);
  }
  if (values.help) return { help: true };
  const [suite] = list('suite', values.suite ?? 'headline', Object.keys(suites));
  const threads = (values.threads ?? '1,2').split(',').map((text) => number('threads', text, 1));
  if (!threads.every(Number.isInteger)) throw new UsageError('--threads wants whole numbers');
  const size = number('size', values.size, 100);
  return {
    suite,
    size: size === undefined ? undefined : Math.round(size),
    losses: list('loss', values.loss, [...catalogue.keys()]),
    cases: values.cases,
    dtypes: list('dtype', values.dtype ?? 'float32', ['float32', 'float64']),
    modes: list('mode', values.mode, ['forward', 'gradient']) ?? suites[suite].modes,
    kinds: (list('backends', values.backends, Object.keys(kinds)) ?? suites[suite].kinds).filter(
      (kind) => values.python !== undefined || kinds[kind].python === undefined,
    ),
    threads,
    python: values.python,
    rounds: Math.round(number('rounds', values.rounds, 1) ?? 11),
    warmUp: number('warm-up', values['warm-up'], 0) ?? 300,
    sample: number('sample', values.sample, 0) ?? 10,
    budget: number('budget', values.budget, 0) ?? 3000,
    statistic: list('statistic', values.statistic ?? 'median', ['median', 'min'])[0],
    clock: list('clock', values.clock ?? 'wall', ['wall', 'cpu'])[0],
    json: values.json,
    markdown: values.markdown,
  };
}
