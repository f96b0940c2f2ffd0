import { defineConfig } from 'vitest/config';

/** `unit` needs nothing but Node; `e2e` starts real stacks, two side by side: each waits more than it computes. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'orchestrator/**/*.test.ts',
            'producer/**/*.test.ts',
            'bench/**/*.test.ts',
            'tests/docs/**/*.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts', 'orchestrator/**/*.e2e.ts'],
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 900_000,
        },
      },
    ],
  },
});
