import type { Environment } from './environment.ts';
import type { Installed } from './packages.ts';

/** A combination of package and machine that is known to go wrong, by trying or from its tracker. */
export interface KnownBad {
  readonly what: string;
  /** `breaks`: it can't work here. `limits`: a part of it does not. `handled`: isoloss makes it work. */
  readonly effect: 'breaks' | 'limits' | 'handled';
  readonly remedy: string;
  readonly link?: string;
}

interface Rule extends KnownBad {
  /** The package, not the backend: whatever stands on it is hit. */
  readonly package: string;
  /** Versions that it is known of; all if left out. */
  readonly versions?: RegExp;
  when(environment: Environment): boolean;
}

const major = ({ runtime }: Environment): number => Number.parseInt(runtime.version, 10);
const nodeFrom = (least: number) => (environment: Environment) =>
  environment.runtime.name === 'node' && major(environment) >= least;
const musl = ({ libc }: Environment): boolean => libc?.family === 'musl';
const on = (platform: string, arch: string) => (environment: Environment) =>
  environment.os.platform === platform && environment.arch === arch;

const glibcImage =
  'use an image with glibc (node:22-slim, not node:22-alpine), or the backend wasm, which needs no native code';

const rules: readonly Rule[] = [
  {
    package: '@tensorflow/tfjs-node',
    versions: /^4\.([01]?\d|2[0-2])\./,
    when: nodeFrom(23),
    what: 'Node 23 removed util.isNullOrUndefined, which tfjs-node calls in every operation',
    effect: 'handled',
    remedy: 'in your own code get it by loadTfjsNode() of @isoloss/tfjs/node, which puts it back',
    link: 'https://github.com/tensorflow/tfjs/issues/8609',
  },
  {
    package: '@tensorflow/tfjs-node',
    when: musl,
    what: 'its TensorFlow library is built for glibc, and this Linux has musl',
    effect: 'breaks',
    remedy: glibcImage,
  },
  {
    package: '@tensorflow/tfjs-node',
    when: on('win32', 'arm64'),
    what: 'there is no TensorFlow library for Windows on ARM',
    effect: 'breaks',
    remedy: 'use x64 Node, or the backend wasm',
  },
  {
    package: 'onnxruntime-node',
    versions: /^1\.30\./,
    when: nodeFrom(23),
    what: 'float16 tensors are refused as inputs on Node 23 and later; float32 and float64 are not concerned',
    effect: 'limits',
    remedy: 'give your own models float32 inputs and cast to float16 in the graph',
    link: 'https://github.com/microsoft/onnxruntime/pull/32323',
  },
  {
    package: 'onnxruntime-node',
    when: musl,
    what: 'its library is built for glibc, and this Linux has musl',
    effect: 'breaks',
    remedy: glibcImage,
    link: 'https://github.com/microsoft/onnxruntime/issues/12439',
  },
  {
    package: 'onnxruntime-node',
    versions: /^1\.30\./,
    when: on('darwin', 'x64'),
    what: 'the package has no library for macOS on x64',
    effect: 'breaks',
    remedy: 'use the backend wasm there, or Node for arm64 on Apple silicon',
  },
];

/** What is known to go wrong with a package on a machine. */
export const knownBad = (
  { name, version }: Pick<Installed, 'name' | 'version'>,
  environment: Environment,
): KnownBad[] =>
  rules
    .filter((rule) => rule.package === name && (rule.versions?.test(version) ?? true) && rule.when(environment))
    .map(({ what, effect, remedy, link }) => ({ what, effect, remedy, ...(link === undefined ? {} : { link }) }));
