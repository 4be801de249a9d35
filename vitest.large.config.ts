// The tests that take long or fetch much: npm run test:large.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/large/**/*.test.ts'],
    reporters: ['default', './scripts/summary-reporter.ts'],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000,
  },
});
