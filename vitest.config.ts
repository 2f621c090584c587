import { defineConfig } from 'vitest/config';

// Tests run on the sources: the condition `@isoloss/source` is in every package's exports, so a stale dist can't lie.
const conditions = ['@isoloss/source'];

export default defineConfig({
  ssr: { resolve: { conditions } },
  resolve: { conditions },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'packages',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'tests/**/*.test.ts',
            'bench/test/**/*.test.mjs',
          ],
        },
      },
    ],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    // Left to itself it keeps a core free, which on two is half of the machine.
    maxWorkers: '100%',
  },
});
