import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { catalogue } from '@isoloss/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { bin, ensureBuilt, execute, inProcess, isoloss, root } from './command.ts';

beforeAll(ensureBuilt);

describe('isoloss list', () => {
  it('lists every loss by family, from the common to the special, within 100 columns', async () => {
    const { code, stdout } = await isoloss(['list']);
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    const titles = lines.filter((line) => /^[a-z]+$/.test(line));
    expect(titles.slice(0, 4)).toEqual(['regression', 'classification', 'segmentation', 'boxes']);
    expect(new Set(titles).size).toBe(titles.length);
    expect(stdout).toMatch(/^ {2}crossEntropy +Softmax cross entropy/m);
    const listed = lines.flatMap((line) => /^ {2}(\w+) {2}/.exec(line)?.[1] ?? []);
    expect(listed.sort()).toEqual([...catalogue.keys()].sort());
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });

  it('gives JSON: an array of objects with id, the same with and without words to search for', async () => {
    const [all, searched] = await Promise.all([
      isoloss(['list', '--json']),
      isoloss(['list', '--json', '--search', '']),
    ]);
    const losses = JSON.parse(all.stdout) as { id: string; options: object }[];
    expect(losses.length).toBe(catalogue.size);
    expect(losses.map(({ id }) => id)).toContain('huber');
    expect(JSON.parse(searched.stdout)).toEqual(losses);
  });

  it('searches everything that a loss says of itself, and one family', async () => {
    const ids = async (...args: string[]) =>
      (JSON.parse((await isoloss(['list', '--json', ...args])).stdout) as { id: string }[]).map(({ id }) => id);
    expect(await ids('--search', 'imbalance SIGMOID')).toContain('bceWithLogits');
    expect(await ids('--family', 'sequence')).toContain('ctc');
    expect(await ids('--family', 'sequence', '--search', 'huber')).toEqual([]);
    const unknown = await isoloss(['list', '--family', 'cooking']);
    expect(unknown).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are regression, classification, '),
    });
  });

  it.each([
    ['imbalance', ['focal', 'sigmoidFocal', 'ldam', 'logitAdjusted', 'asymmetric', 'dice', 'tversky']],
    ['segmentation', ['dice', 'jaccard', 'lovaszSoftmax', 'generalizedDice']],
    ['ranking', ['approxNdcg', 'bpr', 'listMle', 'marginRanking']],
    ['recommendation', ['bpr', 'listNet']],
    ['faces', ['arcFace', 'cosFace', 'tripletMargin', 'wing']],
    ['noisy labels', ['generalizedCrossEntropy', 'symmetricCrossEntropy', 'subcenterArcFace']],
    ['outliers', ['huber', 'cauchy', 'welsch', 'generalRobust', 'logCosh']],
    ['speech', ['ctc', 'rnnt']],
    ['object detection', ['giou', 'ciou', 'sigmoidFocal']],
    ['retrieval', ['clip', 'infoNce', 'tripletMargin', 'circle']],
    ['self supervised', ['barlowTwins', 'vicReg', 'ntXent']],
    ['multilabel', ['asymmetric', 'bceWithLogits', 'multilabelMargin']],
    ['weight decay', ['l2Penalty', 'elasticNet']],
    ['regularization', ['l1Penalty', 'l2Penalty']],
    ['language models', ['dpo', 'ipo']],
    ['optimal transport', ['sinkhorn', 'wasserstein1d']],
    ['torch triplet', ['tripletMargin']],
    ['insightface', ['arcFace']],
  ])('finds what helps with %s', async (words, expected) => {
    const { stdout } = await inProcess(['list', '--json', '--search', words]);
    expect((JSON.parse(stdout) as { id: string }[]).map(({ id }) => id)).toEqual(expect.arrayContaining(expected));
  });

  it('is not disturbed by a reader who has seen enough', async () => {
    const { code, stdout, stderr } = await execute('sh', ['-c', `"${process.execPath}" "${bin}" list | head -n 1`]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'regression\n', stderr: '' });
  });
});

describe('isoloss show', () => {
  it('shows formula, inputs, options, conventions and sources', async () => {
    const { code, stdout } = await isoloss(['show', 'cross-entropy']);
    expect(code).toBe(0);
    for (const text of ['crossEntropy', 'Formula', 'labelSmoothing', 'a number >= 0 and <= 1; default 0', 'Sources'])
      expect(stdout).toContain(text);
  });

  it('takes aliases, answers with the id, and gives JSON', async () => {
    const { stdout } = await isoloss(['show', 'softmax-loss', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'crossEntropy', names: { torch: 'nn.CrossEntropyLoss' } });
    const infinite = JSON.parse((await isoloss(['show', 'tripletMargin', '--json'])).stdout);
    expect(infinite.options.p).toMatchObject({ default: 2, infinity: true });
  });

  it('is readable for every loss', async () => {
    for (const id of catalogue.keys()) {
      const { code, stdout, stderr } = await inProcess(['show', id]);
      expect({ code, stderr }, id).toEqual({ code: 0, stderr: '' });
      expect(stdout).not.toMatch(/(default|a) undefined|\[object|number,null|"-?Infinity"/);
    }
  });

  it.each([
    ['crd', /datasetSize +a number > 0; required/],
    ['crossEntropy', /ignoreIndex +an integer or null; default -100/],
    ['jsDivergence', /base +a number > 1 or "e"; default "e"/],
    ['generalRobust', /alpha +a number or -Infinity; default 1/],
    ['minkowski', /p +a number > 0 or Infinity; default 3/],
    ['hamming', /threshold +a number or null; default null/],
    ['hamming', /^Gradient\n +None with the default options: .*soft: true/m],
    ['discFace', /baseOptions +an object \(JSON\); default {}/],
    ['klDiv', /reduction +"none", "mean", "sum", "batchmean" or "partial"; default "mean"/],
    ['circle', /It couples the examples of a batch: .*no reduction "partial"/],
    ['focal', /target +int32 labels, shape \(\.\.\.\); or probabilities/],
  ])('says of %s: %s', async (id, text) => {
    expect((await inProcess(['show', id])).stdout).toMatch(text);
  });

  it('prints the graph, with usual ranks or those given, and gradients', async () => {
    const usual = await isoloss(['show', 'crossEntropy', '--graph']);
    expect(usual.stdout).toMatch(/^target int\[N\]$[\s\S]*^input float\[N,C\]$[\s\S]*^value = %\d+$/m);
    const given = await isoloss(['show', 'crossEntropy', '--rank', 'target=3', '--graph']);
    expect(given.stdout).toContain('input float[N,C,D1,D2]');
    const gradient = await isoloss(['show', 'ctc', '--gradient', 'logProbs']);
    expect(gradient).toMatchObject({ code: 0, stdout: expect.stringMatching(/gradient of logProbs = %\d+/) });
    const weight = await isoloss(['show', 'mse', '--rank', 'input=2,weight=2/0']);
    expect(weight.stdout).toContain('weight float[1,D1]');
  });

  it.each([
    [['--graph', '--rank', 'input=x'], 'BAD_REQUEST'],
    [['--graph', '--rank', 'weight=1/3'], 'BAD_REQUEST'],
    [['--graph', '--rank', 'weights=1'], 'UNKNOWN_INPUT'],
    [['--gradient', 'weight'], 'MISSING_INPUT'],
    [['--graph', '--rank', 'input=2,target=3'], 'RANK_MISMATCH'],
    [['--graph', '--option', 'delta=0'], 'BAD_OPTION'],
  ])('refuses %j', async (args, code) => {
    const outcome = await inProcess(['show', 'huber', '--json', ...args]);
    expect(outcome.code).toBe(2);
    expect(JSON.parse(outcome.stdout).error.code).toBe(code);
  });
});

describe('usage', () => {
  it.each([
    [['evl'], 'Did you mean eval?'],
    [['eval'], 'missing required argument'],
    [['eval', 'huber', '--detla', '1'], 'Did you mean --delta?'],
    [['eval', 'hubr'], 'did you mean huber?'],
    [['eval', 'huber', 'mse'], 'too many arguments'],
    [['eval', 'huber', '--delta'], 'argument missing'],
    [['eval', 'huber', '--backend', 'gpu'], 'there are reference'],
    [['eval', 'huber', '--dtype', 'float16'], '--dtype is float32, float64 or auto'],
    [['eval', 'huber', '--option', 'delta'], 'takes name=value'],
    [['show', '__proto__'], 'there is no loss'],
    [['serve', '--backend', 'constructor'], 'there is no backend'],
    [['setup', 'onnx-node'], 'needs no set-up'],
    [['export', 'huber', '--labels', 'int8'], 'int32 or int64'],
    [['export', 'crd'], 'crd needs the option datasetSize, a number > 0; give it as --option datasetSize=<value>'],
    [['show', 'crd', '--graph'], 'crd needs the option datasetSize'],
    [['export', 'hamming', '--gradients'], 'hamming has no gradient: it counts; use soft: true'],
  ])('%j: one line with the remedy, exit code 2', async (args, message) => {
    const { code, stdout, stderr } = await inProcess(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^isoloss: .*\n$/);
  });

  it('ends the process with that code', async () => {
    expect(await isoloss(['evl'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "isoloss: unknown command 'evl' (Did you mean eval?); isoloss --help says more\n",
    });
  });

  it('without a command shows the help, and fails', async () => {
    const { code, stderr } = await isoloss([]);
    expect(code).toBe(2);
    expect(stderr).toContain('Usage: isoloss');
  });

  it.each(['list', 'show', 'eval', 'conformance', 'export', 'serve', 'backends', 'setup'])(
    '%s --help has examples, and isoloss help gives the same',
    async (command) => {
      const [flag, help] = [await inProcess([command, '--help']), await inProcess(['help', command])];
      expect(flag).toMatchObject({ code: 0, stderr: '' });
      expect(flag.stdout).toContain('Examples:\n  $ isoloss');
      expect(help).toEqual(flag);
    },
  );

  it("shows a loss's own flags", async () => {
    const { stdout } = await isoloss(['eval', 'ctc', '--help']);
    expect(stdout).toContain('--input-lengths <file>');
    expect(stdout).toContain('--zero-infinity [boolean]');
  });

  it('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'packages/cli/package.json'), 'utf8'));
    expect(await isoloss(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('isoloss backends', () => {
  it('says what works, with versions and dtypes', async () => {
    const [text, json] = await Promise.all([isoloss(['backends']), isoloss(['backends', '--json'])]);
    expect(text.stdout).toMatch(/^reference +works/);
    const ids = ['reference', 'wasm', 'onnx-node', 'tfjs-node', 'tfjs-wasm', 'tfjs-cpu'];
    const backends = JSON.parse(json.stdout) as { id: string; available: boolean; reason?: string; remedy?: string }[];
    expect(backends.map(({ id }) => id)).toEqual(ids);
    for (const { available, reason, remedy } of backends)
      if (!available) expect(`${reason} ${remedy}`).toMatch(/\w+ \w+/);
  });

  it('has a reason and a remedy where a package is missing, and everything else still works', async () => {
    // A loader under which the package can't be found, as on a machine where it was not installed.
    const hook = `export const resolve = (name, context, next) => {
      if (name !== 'onnxruntime-node') return next(name, context);
      throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    };`;
    const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
    const node = ['--import', url(`import { register } from 'node:module'; register(${JSON.stringify(url(hook))});`)];
    const inputs = ['--input', '[1]', '--target', '[3]'];
    const [backends, evaluated, served, all] = await Promise.all([
      isoloss(['backends'], { node }),
      isoloss(['eval', 'mse', ...inputs, '--backend', 'onnx-node', '--json'], { node }),
      isoloss(['serve', '--backend', 'onnx-node'], { node, input: '{"command":"start","protocol":1}\n' }),
      isoloss(['eval', 'mse', ...inputs, '--backend', 'all'], { node }),
    ]);
    expect(backends).toMatchObject({ code: 0, stdout: expect.stringContaining('npm install onnxruntime-node') });
    expect(evaluated).toMatchObject({ code: 1, stderr: expect.stringContaining('npm install onnxruntime-node') });
    expect(served).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('is not available') });
    expect(all).toMatchObject({ code: 0, stdout: expect.stringMatching(/reference +4/) });
  });
});
