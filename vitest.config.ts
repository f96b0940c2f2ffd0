import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * How long `expect.poll` waits for a condition by default: processes have to start on a busy
 * machine.
 */
const poll = { timeout: 20_000 };

/** Tests that start real stacks, two in parallel, because each waits much of its time. */
const stacks = (name: string, include: string[]) => ({
  test: { name, include, maxWorkers: 2, testTimeout: 600_000, hookTimeout: 900_000, expect: { poll } },
});

/**
 * Files of e2e that take minutes. They begin first: if one began last, everything else would have
 * ended.
 */
const LONGEST = ['compose', 'kill', 'verify-deep', 'settings-and-reset'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((one, another) => rank(one) - rank(another));
  }
}

/** `unit` needs only Node. The others start real stacks. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          // Also on two cores: many of these tests wait for processes and containers.
          maxWorkers: 2,
          include: [
            'orchestrator/**/*.test.ts',
            'producer/**/*.test.ts',
            'dashboard/**/*.test.ts',
            'bench/**/*.test.ts',
            'tests/docs/**/*.test.ts',
            'tests/support/**/*.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: { poll },
          // As the dashboard's server does.
          alias: {
            '/vendor/preact.js': 'htm/preact/standalone',
            '/vendor/uplot.js': fileURLToPath(new URL('tests/support/fake-uplot.ts', import.meta.url)),
          },
        },
      },
      stacks('e2e', ['tests/e2e/**/*.test.ts', 'orchestrator/**/*.e2e.ts']),
      stacks('long', ['tests/long/**/*.test.ts']),
    ],
  },
});
