import { f32x4, ModuleBuilder } from './assembler/index.ts';

let known: string | undefined | null = null;

/** Why WebAssembly with vectors can't be used here, or undefined where it can. */
export function unsupported(): string | undefined {
  if (known !== null) return known;
  if (typeof WebAssembly === 'undefined') known = 'there is no WebAssembly here';
  else {
    const builder = new ModuleBuilder();
    builder.function({ parameters: ['v128'], result: 'v128' }, (_, [x]) => f32x4.sqrt(x));
    known = WebAssembly.validate(builder.bytes()) ? undefined : 'the WebAssembly here has no vectors (SIMD)';
  }
  return known;
}

/** Why threads can't be used here, or undefined where they can. */
export function unsupportedThreads(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined')
    return 'threads need shared memory: a page must be served with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return undefined;
}
