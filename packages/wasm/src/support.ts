import { f32x4, ModuleBuilder } from './assembler/index.ts';

let known: string | undefined | null = null;

/** Why WebAssembly with vectors can't be used here, or undefined where it can. */
export function unsupported(): string | undefined {
  if (known !== null) return known;
  if (typeof WebAssembly === 'undefined') known = 'there is no WebAssembly here';
  else {
    const builder = new ModuleBuilder();
    builder.function({ parameters: ['v128'], result: 'v128' }, (_, [x]) => f32x4.sqrt(x));
    const bytes = builder.bytes();
    if (!WebAssembly.validate(bytes)) known = 'the WebAssembly here has no vectors (SIMD)';
    else known = uncompilable(bytes);
  }
  return known;
}

/** A page's policy or an edge worker may forbid to compile what could be run. */
function uncompilable(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  try {
    new WebAssembly.Module(bytes);
    return undefined;
  } catch (error) {
    return `WebAssembly may not be compiled here (${error instanceof Error ? error.message : error})`;
  }
}

/** Why threads can't be used here, or undefined where they can. */
export function unsupportedThreads(): string | undefined {
  if (typeof SharedArrayBuffer === 'undefined')
    return 'threads need shared memory: a page must be served with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp';
  return undefined;
}
