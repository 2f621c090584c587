import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadVectors,
  runConformance,
  type Subject,
  type SubjectAnswer,
  subjectOf,
  type VectorFileJSON,
  vectorsJSON,
} from '@isoloss/conformance';
import { type BackendDescription, type CatalogueEntry, catalogue, describeLoss, referenceBackend } from '@isoloss/core';
import { describe, expect, it } from 'vitest';
import { compareBackends } from '../src/contract/backends.ts';
import { compareCatalogues } from '../src/contract/catalogue.ts';
import { compareExports, exportsOf } from '../src/contract/exports.ts';
import { compareFormats } from '../src/contract/formats.ts';
import { compareManifests, type Manifest } from '../src/contract/manifest.ts';
import { acceptedNow, numberFindings } from '../src/contract/numbers.ts';
import { comparePackages, unpackedPackage } from '../src/contract/packages.ts';
import type { Finding } from '../src/contract/types.ts';
import { compareVectors } from '../src/contract/vectors.ts';
import { bumpBetween, neededBump } from '../src/contract/versions.ts';
import { root } from './command.ts';

/** Findings as `class: what`. */
const said = (findings: readonly Finding[]): string[] => findings.map((one) => `${one.class}: ${one.what}`);

const copy = <T>(value: T): T => structuredClone(value);

// biome-ignore lint/suspicious/noExplicitAny: a change may be anything, also what no type allows
type Open = any;

describe('catalogue', () => {
  const entry = JSON.parse(JSON.stringify(describeLoss(catalogue.get('quantile')!))) as CatalogueEntry;
  const changed = (change: (entry: Open) => void): CatalogueEntry => {
    const other = copy(entry) as Open;
    change(other);
    return other as CatalogueEntry;
  };
  const option = { default: 1, type: 'number', nullable: false, minimum: 0, maximum: 2 };

  it('is equal to itself', () => expect(compareCatalogues([entry], [entry])).toEqual([]));

  it.each<[string, (entry: Open) => void, string[]]>([
    ['an alias gone', (one) => (one.aliases = []), ['major: the alias pinball is gone']],
    ['an alias more', (one) => one.aliases.push('tilted'), ['minor: a new alias, tilted']],
    ['another summary', (one) => (one.summary = 'Other words.'), ['patch: the summary is another']],
    ['an input gone', (one) => one.inputs.splice(2, 1), ['major: the input weight is gone']],
    [
      'an input to be given',
      (one) => one.inputs.push({ ...one.inputs[0], name: 'scale' }),
      ['major: a new input that must be given, scale'],
    ],
    [
      'an optional input',
      (one) => one.inputs.push({ ...one.inputs[2], name: 'scale' }),
      ['minor: a new optional input, scale'],
    ],
    [
      'an optional input before others',
      (one) => one.inputs.unshift({ ...one.inputs[2], name: 'scale' }),
      ['major: a new input, scale, stands before others, whose position is another'],
    ],
    ['the inputs turned', (one) => one.inputs.reverse(), ['major: the order of the inputs is another']],
    ['a narrower kind', (one) => (one.inputs[0].kind = 'probability'), ['major: the input input is of another kind']],
    ['another shape', (one) => (one.inputs[0].shape = 'N D'), ['major: the input input has another shape']],
    ['one more shape', (one) => (one.inputs[0].shape = '... | D'), ['minor: the input input has another shape']],
    ['no longer optional', (one) => (one.inputs[2].optional = false), ['major: the input weight must be given now']],
    ['optional now', (one) => (one.inputs[0].optional = true), ['minor: the input input may be left out now']],
    ['not repeated', (one) => (one.inputs[2].broadcast = false), ['major: the input weight isn’t repeated any more']],
    ['no gradient', (one) => (one.inputs[0].differentiable = false), ['major: there is no gradient by input any more']],
    [
      'a second form',
      (one) => (one.inputs[0].or = { kind: 'index', shape: 'N', differentiable: false }),
      ['minor: the input input has another form now'],
    ],
    ['another default', (one) => (one.options.q.default = 0.9), ['major: the default of q is another']],
    ['a default gone', (one) => (one.options.q.default = null), ['major: the option q must be given now']],
    [
      'an option renamed',
      (one) => {
        one.options.level = one.options.q;
        delete one.options.q;
      },
      ['major: the option q is gone', 'minor: a new option, level'],
    ],
    ['an option more', (one) => (one.options.scale = option), ['minor: a new option, scale']],
    [
      'an option that must be given',
      (one) => (one.options.scale = { ...option, default: null }),
      ['major: a new option that must be given, scale'],
    ],
    ['a narrower range', (one) => (one.options.q.maximum = 0.9), ['major: the option q has a narrower range']],
    ['an end opened', (one) => moveEnd(one.options.q), ['minor: the option q has a wider range']],
    ['a reduction gone', (one) => one.reductions.pop(), ['major: the reduction partial is gone']],
    ['a reduction more', (one) => one.reductions.push('batchmean'), ['minor: a new reduction, batchmean']],
    ['not separable', (one) => (one.separable = false), ['major: shards can’t be merged any more']],
    ['what a later version says beside', (one) => (one.since = 2), ['patch: since is another']],
  ])('%s', (_, change, expected) => {
    expect(said(compareCatalogues([entry], [changed(change)]))).toEqual(expected);
  });

  function moveEnd(range: Open): void {
    for (const [open, closed] of [
      ['exclusiveMinimum', 'minimum'],
      ['exclusiveMaximum', 'maximum'],
    ] as const)
      if (range[open] !== undefined) {
        range[closed] = range[open];
        delete range[open];
      }
  }

  it('ranges: each end counts, and an open end is narrower than a closed one', () => {
    const compare = (before: object, after: object) => {
      const [one, other] = [before, after].map((range) =>
        changed((base) => (base.options.x = { default: 1, type: 'number', nullable: false, ...range })),
      );
      return said(compareCatalogues([one!], [other!]))[0]?.split(':')[0];
    };
    expect(compare({ minimum: 0 }, { exclusiveMinimum: 0 })).toBe('major');
    expect(compare({ exclusiveMinimum: 0 }, { minimum: 0 })).toBe('minor');
    expect(compare({ maximum: 1 }, { exclusiveMaximum: 1 })).toBe('major');
    expect(compare({}, { minimum: -5 })).toBe('major');
    expect(compare({ minimum: 0, maximum: 1 }, { minimum: -1, maximum: 0.5 })).toBe('major');
    expect(compare({ values: ['a', 'b'] }, { values: ['a'] })).toBe('major');
    expect(compare({ values: ['a'] }, { values: ['a', 'b'] })).toBe('minor');
    expect(compare({ infinity: true }, {})).toBe('major');
    expect(compare({ nullable: true }, {})).toBe('major');
    expect(compare({ type: 'integer' }, { type: 'number' })).toBe('minor');
    expect(compare({ type: 'number' }, { type: 'integer' })).toBe('major');
    expect(compare({ minimum: 1 }, { minimum: 1 })).toBeUndefined();
  });

  it('losses come and go; an id that became an alias is gone as an id', () => {
    const other = changed((one) => (one.id = 'tilted'));
    expect(said(compareCatalogues([entry], [other]))).toEqual(['major: the loss is gone', 'minor: a new loss']);
    const heir = changed((one) => Object.assign(one, { id: 'pinballLoss', aliases: ['quantile'] }));
    expect(said(compareCatalogues([entry], [heir]))[0]).toBe(
      'major: the loss is gone; its id is an alias of pinballLoss now',
    );
  });
});

describe('vectors', async () => {
  const file = await vectorsJSON('l1');
  const changed = (change: (file: Open) => void): VectorFileJSON => {
    const other = copy(file) as Open;
    change(other);
    return other;
  };
  const id = file.cases[0]!.id;

  it.each<[string, (file: Open) => void, RegExp | undefined]>([
    ['the same', () => {}, undefined],
    [
      'a changed expectation under the same id',
      (one) => (one.cases[0].expected.value.data[0] += 1),
      new RegExp(`^major: the vector ${id} has another expectation under the same id$`),
    ],
    ['other inputs', (one) => (one.cases[0].inputs.input.data[0] = 9), /^major: .* other inputs under the same id$/],
    [
      'a vector gone',
      (one) => one.cases.shift(),
      new RegExp(`^major: 1 vector is gone without being withdrawn: ${id}$`),
    ],
    [
      'a vector withdrawn',
      (one) => (one.withdrawn = [{ ...one.cases.shift(), reason: 'the paper has an erratum' }]),
      new RegExp(`^patch: 1 vector is withdrawn: ${id}$`),
    ],
    ['a vector more', (one) => one.cases.push({ ...one.cases[0], id: 'l1/9999' }), /^minor: 1 new vector: l1\/9999$/],
    [
      'another comment',
      (one) => (one.cases[0].comment = 'other words'),
      /^patch: comments, flags or cross-checks of 1/,
    ],
  ])('%s', (_, change, expected) => {
    const found = said(compareVectors([file], [changed(change)]));
    if (expected === undefined) expect(found).toEqual([]);
    else {
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(expected);
    }
  });

  it('of a whole loss', () => {
    expect(said(compareVectors([file], []))).toEqual([`major: all ${file.cases.length} vectors are gone`]);
    expect(said(compareVectors([], [file]))).toEqual([`minor: ${file.cases.length} vectors of a loss that had none`]);
  });
});

describe('numbers: a subject that is spoilt must be found out', () => {
  const spoil = (run: (answer: () => Promise<SubjectAnswer>, dtype: string) => Promise<SubjectAnswer>): Subject => {
    const subject = subjectOf(referenceBackend());
    return { ...subject, run: (request) => run(() => subject.run(request), request.dtype) };
  };
  const found = async (subject: Subject, accepted?: ReadonlySet<string>): Promise<Finding[]> => {
    const vectors = await loadVectors(['huber']);
    const errors = vectors[0]!.cases.filter(({ expected }) => 'error' in expected);
    const cases = ['/000', ...errors.map(({ id }) => id)];
    const result = await runConformance({
      backends: [subject],
      vectors,
      filters: { cases },
    });
    return numberFindings(result, new Map(), accepted);
  };
  type Numbers = Exclude<SubjectAnswer, { skipped: unknown }>;

  it('nothing, where nothing is wrong', async () => {
    expect(await found(spoil((answer) => answer()))).toEqual([]);
  });

  it('only its gradient', async () => {
    const [finding, ...more] = await found(
      spoil(async (answer) => {
        const { value, gradients } = (await answer()) as Numbers;
        const input = gradients.input as Numbers['value'] | undefined;
        if (input === undefined) return { value, gradients };
        return { value, gradients: { ...gradients, input: { ...input, data: input.data.map((x) => x * 1.001) } } };
      }),
    );
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ class: 'major', area: 'numbers', subject: 'huber' });
    expect(finding!.failures!.map(({ dtype }) => dtype)).toEqual(['float32', 'float64']);
    for (const { worst } of finding!.failures!) expect(worst.output).toBe('input');
  });

  it('only float64', async () => {
    const [finding] = await found(
      spoil(async (answer, dtype) => {
        const { value, gradients } = (await answer()) as Numbers;
        if (dtype === 'float32') return { value, gradients };
        return { value: { ...value, data: value.data.map((x) => x * (1 + 1e-12)) }, gradients };
      }),
    );
    expect(finding!.failures!.map(({ dtype }) => dtype)).toEqual(['float64']);
    const { worst } = finding!.failures![0]!;
    expect(worst.bound).toBeLessThan(Math.abs(worst.got! - worst.expected!));
  });

  it('a weaker check, a case not answered, a crash', async () => {
    const one = { dtype: 'float32', shape: [], data: new Float32Array([1]) } as const;
    const [weaker] = await found(spoil((answer) => answer().catch(() => ({ value: one, gradients: {} }))));
    expect(weaker!.failures![0]!.worst.reason).toMatch(/^expected the error \w+, got the result 1$/);
    const [skipped] = await found(spoil(async () => ({ skipped: { message: 'not now' } })));
    expect(skipped!.failures![0]!.worst.reason).toBe('not computed any more: not now');
    const [crash] = await found(spoil(() => Promise.reject(new Error('out of memory'))));
    expect(crash).toMatchObject({ class: 'major', failures: [{ worst: { reason: 'out of memory' } }, {}] });
  });

  it('an error may become an answer only where its vector is withdrawn', async () => {
    const before = await vectorsJSON('huber');
    const [error, value] = [
      before.cases.find(({ expected }) => 'error' in expected)!,
      before.cases.find(({ expected }) => !('error' in expected))!,
    ];
    const after = {
      ...before,
      cases: before.cases.filter((entry) => entry !== error && entry !== value),
      withdrawn: [error, value].map((entry) => ({ ...entry, reason: 'it is meant' })),
    };
    expect([...acceptedNow([before], [after])]).toEqual([error.id]);
    const subject = spoil((answer) =>
      answer().catch(() => ({ value: { dtype: 'float32', shape: [], data: new Float32Array(1) }, gradients: {} })),
    );
    const all = before.cases.filter(({ expected }) => 'error' in expected).map(({ id }) => id);
    expect(said(await found(subject, new Set(all)))).toEqual([
      expect.stringMatching(/^minor: it accepts what the release refused, its vectors withdrawn: huber\/\d+/),
    ]);
  });

  it('what the release fails itself is not held against the tree', async () => {
    const wrong = spoil(async (answer) => {
      const { value, gradients } = (await answer()) as Numbers;
      return { value: { ...value, data: value.data.map((x) => -x) }, gradients };
    });
    const vectors = await loadVectors(['huber']);
    const backends = [wrong, { ...wrong, id: 'reference of 1.0.0' }];
    const result = await runConformance({ backends, vectors, filters: { cases: ['/000'] } });
    expect(numberFindings(result, new Map([['reference', 'reference of 1.0.0']]))).toEqual([]);
    expect(numberFindings(result, new Map()).length).toBeGreaterThan(0);
  });
});

describe('backends', () => {
  const wasm: BackendDescription = {
    id: 'wasm',
    language: 'typescript',
    version: '1.0.0',
    runtime: 'WebAssembly',
    dtypes: ['float32', 'float64'],
    device: 'cpu',
    accuracy: { exp: 1 },
    available: true,
  };
  const broken = { ...wasm, available: false, reason: 'it does not load' };

  it.each<[string, readonly BackendDescription[], string[]]>([
    ['the same', [wasm], []],
    ['dropped', [], ['major: the backend is gone']],
    ['broken', [broken], ['major: the release’s works here, this one doesn’t: it does not load']],
    ['without float64', [{ ...wasm, dtypes: ['float32'] }], ['major: it doesn’t compute in float64 any more']],
    [
      'less exact',
      [{ ...wasm, accuracy: { exp: 2 } }],
      ['major: it promises less of exp: an error of up to 2 ULP, not 1, which widens every bound'],
    ],
    [
      'says nothing of it',
      [{ ...wasm, accuracy: {} }],
      ['major: it promises less of exp: an error of up to 2 ULP, not 1, which widens every bound'],
    ],
    [
      'more exact',
      [{ ...wasm, accuracy: { exp: 0.6 } }],
      ['minor: it promises more of exp: an error of up to 0.6 ULP, not 1'],
    ],
    ['another beside', [wasm, { ...wasm, id: 'webgpu' }], ['minor: a new backend']],
  ])('%s', (_, after, expected) => expect(said(compareBackends([wasm], after))).toEqual(expected));

  it('what did not work before may not work now', () => expect(compareBackends([broken], [broken])).toEqual([]));
});

describe('packages', () => {
  const manifest: Manifest = {
    name: 'a',
    version: '1.0.0',
    bin: { a: './a.js' },
    engines: { node: '>=20' },
    peerDependencies: { tf: '^4.1.0' },
  };

  it.each<[string, Partial<Manifest>, string[]]>([
    ['the same', {}, []],
    ['a command gone', { bin: {} }, ['major: the command a is gone']],
    ['a later Node', { engines: { node: '>=22' } }, ['major: fewer versions of node that it runs on']],
    ['an earlier Node', { engines: { node: '>=18' } }, ['minor: more versions of node that it runs on']],
    ['a later peer', { peerDependencies: { tf: '^5.0.0' } }, ['major: fewer versions of tf beside it']],
    ['more peers allowed', { peerDependencies: { tf: '^4.1.0 || ^5.0.0' } }, ['minor: more versions of tf beside it']],
    ['a peer more', { peerDependencies: { tf: '^4.1.0', ort: '1' } }, ['major: it needs a new peer, ort']],
    ['no peer', { peerDependencies: {} }, ['patch: it doesn’t need the peer tf any more']],
  ])('manifest: %s', (_, change, expected) =>
    expect(said(compareManifests(manifest, { ...manifest, ...change }))).toEqual(expected),
  );

  it('formats: their versions, and that they changed', () => {
    const schema = (version: string, more = {}) =>
      new Map([['schemas/a.schema.json', { properties: { schema: { const: version } }, ...more }]]);
    const compare = (before: ReturnType<typeof schema>, after: ReturnType<typeof schema>) =>
      said(compareFormats('a', before, after));
    expect(compare(schema('isoloss-a/1'), schema('isoloss-a/1', { description: 'words' }))).toEqual([]);
    expect(compare(schema('isoloss-a/1'), schema('isoloss-a/2'))).toEqual([
      'major: schemas/a.schema.json is of isoloss-a/2 now, not of isoloss-a/1',
    ]);
    expect(compare(schema('isoloss-a/1'), schema('isoloss-a/1', { required: ['b'] }))).toEqual([
      'minor: schemas/a.schema.json describes something else now',
    ]);
    expect(compare(schema('isoloss-a/1'), new Map())).toEqual(['major: schemas/a.schema.json is gone']);
  });

  it('files: a release that changed nothing but its version is the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isoloss-files-'));
    const make = async (version: string, dependencies: object, more: Readonly<Record<string, string>> = {}) => {
      const own = join(folder, String(Math.random()));
      mkdirSync(own);
      const files = {
        'package.json': JSON.stringify({ name: 'p', version, dependencies, devDependencies: { x: version } }),
        'CHANGELOG.md': version,
        'conformance.json': `{ "started": ${Math.random()} }`,
        'version.js': `export const version = '${version}';`,
        ...more,
      };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(own, name), text);
      return unpackedPackage(own);
    };
    try {
      const before = await make('1.0.0', { p: '1.0.0', z: '3.1.0' });
      expect(await comparePackages([before], [await make('1.1.0', { p: 'workspace:*', z: '3.1.0' })])).toEqual([]);
      const moved = await make('1.0.0', { p: '1.0.0', z: '3.2.0' }, { 'version.js': 'broken', 'new.js': '' });
      expect(said(await comparePackages([before], [moved]))).toEqual([
        'patch: 2 files changed (package.json, version.js), 1 file new (new.js)',
      ]);
      expect(said(await comparePackages([before], []))).toEqual(['major: the package is gone']);
      expect(said(await comparePackages([], [before]))).toEqual(['minor: a new package']);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('exports: entry points, names and types', () => {
    const before = new Map([
      ['.', new Set(['a', 'B'])],
      ['./vectors/*', undefined],
    ]);
    const after = new Map([
      ['.', new Set(['a', 'c'])],
      ['./new', new Set<string>()],
    ]);
    expect(said(compareExports('p', before, after))).toEqual([
      'major: B isn’t exported any more',
      'minor: a new export, c',
      'major: the entry point p/vectors/* is gone',
      'minor: a new entry point, p/new',
    ]);
  });

  it('exports: declarations are read as tsc writes them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'isoloss-exports-'));
    try {
      writeFileSync(
        join(folder, 'index.d.ts'),
        `export * from './more.ts';\nexport * from 'other';\nexport * as space from './more.ts';
export { a, type B, c as d } from './x.ts';\nexport type { E, } from './x.ts';
export declare const f: number;\nexport declare function g(): void;\nexport declare abstract class H {}
export interface I {\n    export: string;\n}\nexport type J = 1;\ndeclare const inner: 1;\nexport default inner;\n`,
      );
      writeFileSync(
        join(folder, 'more.d.ts'),
        `export * from './index.ts';\nexport declare class K {}\nexport default K;\n`,
      );
      const found = await exportsOf(folder, { exports: { '.': { types: './index.d.ts' }, './data/*': './data/*' } });
      expect([...found.get('.')!].sort()).toEqual([
        'B',
        'E',
        'H',
        'I',
        'J',
        'K',
        'a',
        'd',
        'default',
        'f',
        'g',
        'space',
      ]);
      expect(found.get('./data/*')).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(['core', 'conformance', 'wasm'])('exports: all that can be imported from %s is seen', async (name) => {
    const folder = join(root, 'packages', name);
    const { default: manifest } = await import(join(folder, 'package.json'), { with: { type: 'json' } });
    const names = (await exportsOf(folder, manifest)).get('.')!;
    const module = await import(join(folder, 'dist/index.js'));
    expect(Object.keys(module).filter((key) => !names.has(key))).toEqual([]);
  });
});

describe('versions', () => {
  it.each([
    ['1.2.3', '1.2.3', 'none'],
    ['1.2.3', '1.2.4', 'patch'],
    ['1.2.3', '1.3.0', 'minor'],
    ['1.2.3', '2.0.0-next.0', 'major'],
    ['0.2.3', '0.3.0', 'minor'],
    ['0.9.0', '1.0.0', 'major'],
  ])('from %s to %s is %s', (from, to, expected) => expect(bumpBetween(from, to)).toBe(expected));

  it.each([
    // The class itself from 1.0.0 on; before, what leaves the range of npm’s caret.
    ['major', '1.2.3', 'major'],
    ['minor', '1.2.3', 'minor'],
    ['patch', '1.2.3', 'patch'],
    ['none', '1.2.3', 'none'],
    ['major', '0.2.3', 'minor'],
    ['minor', '0.2.3', 'patch'],
    ['patch', '0.2.3', 'patch'],
    ['none', '0.2.3', 'none'],
    ['major', '0.0.3', 'patch'],
  ] as const)('%s after %s needs %s', (change, from, expected) => expect(neededBump(change, from)).toBe(expected));
});
