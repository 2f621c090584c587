import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { availableBackends, bin, ensureBuilt, float32, float64, int32, isoloss, root, serve } from './command.ts';

const schema = JSON.parse(readFileSync(join(root, 'packages/conformance/schemas/protocol.schema.json'), 'utf8'));
const ajv = new Ajv2020({ allowUnionTypes: true });
ajv.addSchema(schema, 'protocol');
const valid = ajv.compile({ $ref: 'protocol#/$defs/answer' });

let backends: string[];
beforeAll(async () => {
  await ensureBuilt();
  backends = await availableBackends();
});

const start = { command: 'start', protocol: 1 };
const stop = { command: 'stop' };
const run = (id: string, more: object = {}) => ({
  command: 'run',
  id,
  loss: 'huber',
  options: { delta: 2, reduction: 'mean' },
  dtype: 'float32',
  inputs: { input: float32([2], [1, 3]), target: float32([2], [0, 1]) },
  ...more,
});
const ce = (id: string, more: object = {}) =>
  run(id, {
    loss: 'crossEntropy',
    options: {},
    inputs: { input: float32([2, 3], [1, 2, 3, 3, 2, 1]), target: int32([2], [2, 1]) },
    ...more,
  });

describe('isoloss serve', () => {
  it('gives the documented answers on every backend that works here', async () => {
    for (const backend of backends) {
      const { code, stdout, answers, stderr } = await serve(backend, [
        start,
        run('huber/0007', { gradients: ['input'] }),
        stop,
      ]);
      expect({ code, stderr }, backend).toEqual({ code: 0, stderr: '' });
      expect(answers).toHaveLength(2);
      const [first, second] = answers;
      expect(first).toMatchObject({
        protocol: 1,
        implementation: { name: `isoloss ${backend}`, language: 'typescript' },
      });
      expect(stdout.split('\n')[1]).toBe(
        '{"id":"huber/0007","value":{"dtype":"float32","shape":[],"data":[1.25]},"gradients":{"input":{"dtype":"float32","shape":[2],"data":[0.5,1]}}}',
      );
      expect(valid(first), ajv.errorsText(valid.errors)).toBe(true);
      expect(valid(second), ajv.errorsText(valid.errors)).toBe(true);
    }
  });

  it('gives the same code for the same mistake on every backend, and goes on', async () => {
    const mistakes: [string, object][] = [
      ['UNKNOWN_LOSS', run('', { loss: 'huberr' })],
      ['UNKNOWN_LOSS', run('', { loss: '__proto__' })],
      ['BAD_OPTION', run('', { options: { delta: 0 } })],
      ['BAD_OPTION', run('', { options: { beta: 1 } })],
      ['BAD_OPTION', run('', { options: { size_average: true } })],
      ['BAD_OPTION', run('', { options: [] })],
      ['BAD_OPTION', run('', { options: null })],
      ['MISSING_INPUT', run('', { inputs: { input: float32([1], [1]) } })],
      ['UNKNOWN_INPUT', run('', { inputs: { ...run('').inputs, toString: float32([1], [1]) } })],
      ['BAD_TENSOR', run('', { inputs: { ...run('').inputs, input: float32([3], [1, 2]) } })],
      ['BAD_TENSOR', run('', { inputs: { ...run('').inputs, input: null } })],
      ['BAD_DTYPE', run('', { inputs: { ...run('').inputs, input: int32([2], [1, 2]) } })],
      ['BAD_DTYPE', run('', { dtype: 'float16' })],
      ['RANK_MISMATCH', ce('', { inputs: { input: float32([2, 3], [1, 2, 3, 4, 5, 6]), target: int32([], [0]) } })],
      ['SHAPE_MISMATCH', run('', { inputs: { input: float32([2], [1, 3]), target: float32([3], [0, 1, 2]) } })],
      ['LABEL_OUT_OF_RANGE', ce('', { inputs: { input: float32([1, 2], [1, 2]), target: int32([1], [2]) } })],
      [
        'VALUE_OUT_OF_DOMAIN',
        run('', { loss: 'bce', options: {}, inputs: { input: float32([1], [2]), target: float32([1], [1]) } }),
      ],
      ['NOT_DIFFERENTIABLE', ce('', { gradients: ['target'] })],
      ['UNKNOWN_INPUT', ce('', { gradients: ['constructor'] })],
    ];
    const requests = [...mistakes.map(([, request], k) => ({ ...request, id: `m/${k}` })), ce('good')];
    for (const backend of backends) {
      const { code, answers } = await serve(backend, requests);
      expect(code).toBe(0);
      expect(answers.map(({ id }) => id)).toEqual(requests.map(({ id }) => id));
      expect(
        answers.slice(0, -1).map(({ error }) => (error as { code: string })?.code),
        backend,
      ).toEqual(mistakes.map(([expected]) => expected));
      expect(answers.at(-1)).toMatchObject({ value: { shape: [] } });
      for (const answer of answers) expect(valid(answer), ajv.errorsText(valid.errors)).toBe(true);
    }
  });

  it('says where a label is wrong', async () => {
    const inputs = { input: float32([4, 5], new Array(20).fill(0)), target: int32([4], [0, 1, 2, 7]) };
    const { answers } = await serve('reference', [ce('x', { inputs })]);
    expect(answers[0]).toEqual({
      id: 'x',
      error: { code: 'LABEL_OUT_OF_RANGE', message: 'target[3] = 7 is not in [0, 5)', input: 'target', index: 3 },
    });
  });

  it('skips a dtype that the runtime has not', async () => {
    const { answers } = await serve('tfjs-cpu', [start, run('a', { dtype: 'float64' }), run('b')]);
    expect(answers[0]).toMatchObject({ implementation: { dtypes: ['float32'] } });
    expect(answers[1]).toEqual({ id: 'a', skipped: { message: expect.stringContaining('float64') } });
    expect(answers[2]).toMatchObject({ id: 'b', value: { data: [1.25] } });
    expect(valid(answers[1])).toBe(true);
  });

  it('knows numbers that JSON has not, in tensors and options, both ways', async () => {
    const l1 = (data: unknown[]) =>
      run('x', {
        loss: 'l1',
        options: { reduction: 'none' },
        inputs: { input: float32([4], data), target: float32([4], [0, 0, 0, 0]) },
        gradients: ['input'],
      });
    const triplet = (p: unknown) =>
      run('p', {
        loss: 'tripletMargin',
        options: { p },
        dtype: 'float64',
        inputs: { anchor: float64([1], [1]), positive: float64([1], [2]), negative: float64([1], [5]) },
      });
    const { answers } = await serve('reference', [
      l1(['NaN', 'Infinity', '-Infinity', '-0']),
      triplet('Infinity'),
      triplet('NaN'),
      run('f', { inputs: { input: float32([1], [0.1]), target: float32([1], [0]) } }),
    ]);
    expect(answers[0]).toMatchObject({ value: { data: ['NaN', 'Infinity', 'Infinity', 0] } });
    expect(answers[1]).toMatchObject({ id: 'p', value: { dtype: 'float64' } });
    expect(answers[2]).toMatchObject({ error: { code: 'BAD_OPTION' } });
    expect(answers[3]).toMatchObject({ value: { data: [Math.fround(Math.fround(0.1) ** 2 / 2)] } });
  });

  it('takes omitted options, gradients and a last line without a newline', async () => {
    const { options: _, ...bare } = run('bare');
    const { answers } = await serve(
      'reference',
      [JSON.stringify(bare)].map((line) => line.trim()),
    );
    expect(answers).toEqual([{ id: 'bare', value: { dtype: 'float32', shape: [], data: [1] } }]);
    const whole = await isoloss(['serve'], { input: JSON.stringify(run('last')) });
    expect(whole).toMatchObject({ code: 0, stdout: expect.stringContaining('"id":"last"') });
    expect(await isoloss(['serve'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('stops at stop, whatever follows, while its input stays open', async () => {
    const child = spawn(process.execPath, [bin, 'serve']);
    const ended = new Promise<number | null>((done) => child.on('close', done));
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stdin.write(`${[start, run('1'), stop, run('2')].map((line) => JSON.stringify(line)).join('\n')}\n`);
    expect(await ended).toBe(0);
    expect(output.trim().split('\n')).toHaveLength(2);
  });

  it('answers each request when it comes, before the next', async () => {
    const child = spawn(process.execPath, [bin, 'serve']);
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    for (const id of ['a', 'b', 'c']) {
      const line = `${JSON.stringify(run(id))}\n`;
      // In two pieces, that a pipe may cut anywhere.
      child.stdin.write(line.slice(0, 40));
      child.stdin.write(line.slice(40));
      expect(JSON.parse((await answers.next()).value)).toMatchObject({ id });
    }
    child.stdin.end();
    expect(await new Promise((done) => child.on('close', done))).toBe(0);
  });

  it('survives a reader who goes away', async () => {
    const child = spawn(process.execPath, [bin, 'serve']);
    child.stdin.on('error', () => {});
    child.stdout.destroy();
    const ended = new Promise<number | null>((done) => child.on('close', done));
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    for (let k = 0; k < 50; k++) child.stdin.write(`${JSON.stringify(run(`${k}`))}\n`);
    child.stdin.end();
    expect({ code: await ended, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('takes a thousand requests in one write and a million numbers in one line', async () => {
    const many = await serve(
      'reference',
      Array.from({ length: 1000 }, (_, k) => run(`${k}`)),
    );
    expect(many.answers.map(({ id }) => id)).toEqual(Array.from({ length: 1000 }, (_, k) => `${k}`));
    const data = Array.from({ length: 1e6 }, (_, k) => k % 7);
    const inputs = { input: float32([1e6], data), target: float32([1e6], data) };
    for (const backend of ['reference', 'onnx-node']) {
      const { answers } = await serve(backend, [run('large', { inputs, options: { reduction: 'none' } })]);
      expect((answers[0]! as { value: { data: number[] } }).value.data).toHaveLength(1e6);
    }
  });
});

describe('hostile input', () => {
  const deep = (n: number) => `${'['.repeat(n)}${']'.repeat(n)}`;
  const line = JSON.stringify(run('h'));
  const withInput = (json: string) => line.replace(JSON.stringify(float32([2], [1, 3])), json);
  const bad = 'BAD_REQUEST';
  const lines: [name: string, text: string, code: string][] = [
    ['no JSON', 'hello', bad],
    ['half a line', line.slice(0, 50), bad],
    ['an empty line', '', bad],
    ['blanks', '  \t ', bad],
    ['null', 'null', bad],
    ['a number', '7', bad],
    ['a list', '[]', bad],
    ['text', '"start"', bad],
    ['nesting', deep(1e6), bad],
    ['nested objects', `${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`, bad],
    ['no command', '{}', bad],
    ['a command of another type', '{"command":["run"]}', bad],
    ['a command that JavaScript knows', '{"command":"constructor"}', bad],
    ['__proto__ for a command', '{"__proto__":{"command":"stop"}}', bad],
    ['no protocol', '{"command":"start"}', bad],
    ['another protocol', '{"command":"start","protocol":2}', bad],
    ['a protocol as text', '{"command":"start","protocol":"1"}', bad],
    ['fields that are none', JSON.stringify(run('h', { gradient: ['input'] })), bad],
    ['a stop with more', '{"command":"stop","now":true}', bad],
    ['only a command', '{"command":"run"}', bad],
    ['no id', JSON.stringify({ ...run('h'), id: undefined }), bad],
    ['no loss', JSON.stringify(run('h', { loss: undefined })), bad],
    ['a loss of another type', JSON.stringify(run('h', { loss: { id: 'huber' } })), bad],
    ['no dtype', JSON.stringify(run('h', { dtype: undefined })), bad],
    ['a dtype of another type', JSON.stringify(run('h', { dtype: 32 })), 'BAD_DTYPE'],
    ['no inputs', JSON.stringify(run('h', { inputs: undefined })), bad],
    ['inputs as a list', JSON.stringify(run('h', { inputs: [1, 2] })), bad],
    ['inputs as text', JSON.stringify(run('h', { inputs: 'all' })), bad],
    ['gradients as text', JSON.stringify(run('h', { gradients: 'input' })), bad],
    ['gradients of numbers', JSON.stringify(run('h', { gradients: [1] })), bad],
    ['a deep id', line.replace('"h"', deep(1e5)), bad],
    ['a loss with a long name', JSON.stringify(run('h', { loss: 'x'.repeat(1e6) })), 'UNKNOWN_LOSS'],
    ['a deep option', line.replace('"delta":2', `"delta":${deep(1e5)}`), 'BAD_OPTION'],
    ['a long option', JSON.stringify(run('h', { options: { delta: 'x'.repeat(1e6) } })), 'BAD_OPTION'],
    ['a __proto__ option', line.replace('"delta":2', '"__proto__":{"delta":2}'), 'BAD_OPTION'],
    [
      'a __proto__ input',
      line.replace('"inputs":{', '"inputs":{"__proto__":{"dtype":"float32","shape":[],"data":[1]},'),
      'UNKNOWN_INPUT',
    ],
    [
      'an input without a name',
      line.replace('"inputs":{', '"inputs":{"":{"dtype":"float32","shape":[],"data":[1]},'),
      'UNKNOWN_INPUT',
    ],
    ['a deep input', withInput(deep(1e5)), 'BAD_TENSOR'],
    ['deep data', withInput(`{"dtype":"float32","shape":[1],"data":[${deep(1e5)}]}`), 'BAD_TENSOR'],
    ['a deep shape', withInput(`{"dtype":"float32","shape":${deep(1e5)},"data":[1]}`), 'BAD_TENSOR'],
    ['a deep dtype', withInput(`{"dtype":${deep(1e5)},"shape":[],"data":[1]}`), 'BAD_TENSOR'],
    ['sizes that overflow', withInput('{"dtype":"float32","shape":[1e9,1e9],"data":[]}'), 'BAD_TENSOR'],
    ['sizes that overflow to Infinity', withInput('{"dtype":"float32","shape":[1e308,1e308],"data":[]}'), 'BAD_TENSOR'],
    ['a large size beside 0', withInput('{"dtype":"float32","shape":[0,1e12],"data":[]}'), 'BAD_TENSOR'],
    ['a size below 0', withInput('{"dtype":"float32","shape":[-2],"data":[1,3]}'), 'BAD_TENSOR'],
    ['sizes below 0 that cancel', withInput('{"dtype":"float32","shape":[-1,-2],"data":[1,3]}'), 'BAD_TENSOR'],
    [
      'a thousand axes',
      withInput(`{"dtype":"float32","shape":[${new Array(1000).fill(1)},2],"data":[1,3]}`),
      'BAD_TENSOR',
    ],
    ['data as an object', withInput('{"dtype":"float32","shape":[2],"data":{"length":2,"0":1,"1":3}}'), 'BAD_TENSOR'],
    ['data as text', withInput('{"dtype":"float32","shape":[2],"data":"13"}'), 'BAD_TENSOR'],
    ['names of other numbers', withInput('{"dtype":"float32","shape":[2],"data":["nan","inf"]}'), 'BAD_TENSOR'],
    [
      'a tensor from its prototype',
      withInput('{"__proto__":{"dtype":"float32","shape":[2],"data":[1,3]}}'),
      'BAD_TENSOR',
    ],
    ['bytes that are no text', '\u0000\uFFFF', bad],
    [
      'many gradients of nothing',
      JSON.stringify(run('h', { gradients: Array.from({ length: 1e4 }, (_, k) => `${k}`) })),
      'UNKNOWN_INPUT',
    ],
  ];

  it('is answered with one error line each, and the next request is served', async () => {
    const { code, answers, stdout } = await serve('reference', [...lines.flatMap(([, text]) => [text]), run('after')]);
    expect(code).toBe(0);
    const got = answers.slice(0, -1).map(({ error }, k) => [lines[k]![0], (error as { code?: string })?.code]);
    expect(got).toEqual(lines.map(([name, , expected]) => [name, expected]));
    expect(answers.at(-1)).toMatchObject({ id: 'after', value: { data: [1.25] } });
    for (const [k, answer] of answers.entries())
      expect(valid(answer), `${lines[k]?.[0]}: ${ajv.errorsText(valid.errors)}`).toBe(true);
    for (const text of stdout.split('\n').slice(0, lines.length)) expect(text.length).toBeLessThan(2000);
  });

  it('that asks for more memory than there is, is refused before it is tried', async () => {
    const rows = 40_000;
    const points = float32([rows, 1], new Array(rows).fill(1));
    const inputs = { input: points, prototypes: points, target: int32([rows], new Array(rows).fill(0)) };
    const { code, answers } = await serve('reference', [
      run('huge', { loss: 'arcFace', options: {}, inputs }),
      run('after'),
    ]);
    expect(code).toBe(0);
    expect(answers[0]).toMatchObject({ id: 'huge', error: { code: 'INTERNAL' } });
    expect(answers[1]).toMatchObject({ id: 'after', value: { data: [1.25] } });
  });

  it('of random damage never ends the process', async () => {
    // A fixed sequence: a test that fails must fail again.
    let seed = 12345;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      return seed % below;
    };
    const scraps = ['"', '{', '}', '[', ']', ',', ':', 'null', '1e999', '-', '\\u0000', '"__proto__"', '9'.repeat(30)];
    const damaged = Array.from({ length: 400 }, () => {
      let text = JSON.stringify(run('r', { gradients: ['input'] }));
      for (let k = random(4); k >= 0; k--) {
        const at = random(text.length);
        text = text.slice(0, at) + scraps[random(scraps.length)]! + text.slice(at + random(8));
      }
      return text;
    });
    const { code, answers } = await serve('reference', [...damaged, run('after')]);
    expect(code).toBe(0);
    expect(answers).toHaveLength(401);
    for (const answer of answers) expect(valid(answer), JSON.stringify(answer)).toBe(true);
    expect(answers.at(-1)).toMatchObject({ id: 'after' });
  });
});
