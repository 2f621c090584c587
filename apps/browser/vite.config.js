import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { defineConfig } from 'vite';

// With these two headers a page is isolated from other origins: only then may its threads share memory.
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  // Any place will do: files are found beside the page.
  base: './',
  build: {
    outDir: 'out/site',
    target: 'esnext',
    rolldownOptions: { input: ['index.html', 'conformance.html'] },
    // The graphs of 116 losses, and TensorFlow.js.
    chunkSizeWarningLimit: 2000,
  },
  server: { headers },
  preview: { headers },
  // What starts a worker or fetches a file from beside itself must stay where it is.
  optimizeDeps: { exclude: ['@isoloss/wasm', 'onnxruntime-web'] },
  plugins: [vectorAddresses()],
});

/** The module `virtual:vectors`: where the page finds the golden vectors of each loss. */
function vectorAddresses() {
  const name = 'virtual:vectors';
  return {
    name: 'vector-addresses',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load(id) {
      if (id !== `\0${name}`) return undefined;
      const manifest = createRequire(import.meta.url).resolve('@isoloss/conformance/package.json');
      const files = readdirSync(path.join(path.dirname(manifest), 'vectors')).filter((file) => file.endsWith('.json'));
      return [
        ...files.map((file, k) => `import address${k} from '@isoloss/conformance/vectors/${file}?url';`),
        `export default { ${files.map((file, k) => `${path.basename(file, '.json')}: address${k}`).join(', ')} };`,
      ].join('\n');
    },
  };
}
