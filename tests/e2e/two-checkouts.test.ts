import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestStack } from '../support/test-stack.ts';
import { CHANGES, expectRefused, twoCheckouts, wordsOf } from '../support/two-checkouts.ts';

describe('two checkouts and one RUN_DIR or OUTPUT_DIR, local processes', () => {
  let checkouts: ReturnType<typeof twoCheckouts>;
  let first: TestStack;
  let second: TestStack;
  beforeAll(async () => {
    checkouts = twoCheckouts();
    const stack = await TestStack.create();
    first = stack.from(checkouts.first);
    second = stack.from(checkouts.second);
    expect(await first.run('up')).toMatchObject({ code: 0 });
  });
  afterAll(async () => {
    await first.discard();
    rmSync(checkouts.folder, { recursive: true });
  });

  it.each(CHANGES.filter(([, options]) => !options.includes('--take-over')))(
    '`%s %s` in the second does nothing to what runs in the first',
    async (command, options) => {
      expectRefused(await second.run(command, wordsOf(options)), checkouts.first);
      expect(JSON.parse((await first.run('status', ['--json'])).stdout)).toMatchObject({ ready: true });
    },
  );

  it('outputs are the first one’s for a second with a RUN_DIR of its own', async () => {
    expect(await first.run('down')).toMatchObject({ code: 0 });
    const apart = second.from(checkouts.second, { RUN_DIR: join(checkouts.second, 'data', 'run') });
    const refused = await apart.run('reset', ['--no-up']);
    expectRefused(refused, checkouts.first);
    expect(refused.stderr).toContain('OUTPUT_DIR=');
    expect(existsSync(join(first.outputPath, '_chk'))).toBe(true);
  });

  it('the second takes over on purpose what the first left behind, once that is gone', async () => {
    const gone = checkouts.first;
    rmSync(gone, { recursive: true });
    mkdirSync(gone);
    expectRefused(await second.run('reset', ['--no-up']), gone);
    expect(await second.run('reset', ['--no-up', '--take-over'])).toMatchObject({ code: 0 });
    expect(existsSync(join(second.outputPath, '_chk'))).toBe(false);
    first = second;
  });
});
