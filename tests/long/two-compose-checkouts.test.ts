import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SERVICE_NAMES } from '../../orchestrator/services/services.ts';
import { ComposeStack } from '../support/compose-stack.ts';
import type { TestStack } from '../support/test-stack.ts';
import { testingEngine } from '../support/testing-engine.ts';
import { CHANGES, expectRefused, twoCheckouts, wordsOf } from '../support/two-checkouts.ts';

const { engine, declined } = await testingEngine();

describe.skipIf(!engine)(
  `two checkouts and one Compose project${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let checkouts: ReturnType<typeof twoCheckouts>;
    let compose: ComposeStack;
    let first: TestStack;
    let second: TestStack;
    /** Settings of a clone without any folder setting. */
    const own = (checkout: string) => ({
      OUTPUT_DIR: join(checkout, 'data', 'output'),
      RUN_DIR: join(checkout, 'data', 'run'),
    });
    beforeAll(async () => {
      if (!engine) throw new Error('no engine');
      checkouts = twoCheckouts();
      compose = await ComposeStack.create(engine.docker, 1, {
        SPARK_WORKER_MEMORY: '1g',
        TRIGGER_INTERVAL: '2 seconds',
      });
      first = compose.stack.from(checkouts.first, own(checkouts.first));
      second = compose.stack.from(checkouts.second, own(checkouts.second));
      expect(await first.run('up')).toMatchObject({ code: 0 });
    });
    afterAll(async () => {
      await first.run('reset', ['--no-up']);
      await compose.compose(['down', '--volumes', '--rmi', 'local']);
      rmSync(checkouts.folder, { recursive: true });
      rmSync(compose.stack.folder, { recursive: true });
    });

    const volumes = ['dashboard-history', 'ivy-cache', 'kafka-data', 'zookeeper-data', 'zookeeper-log'];

    it.each(['status', 'logs', 'peek', 'verify'])(
      '`%s` in the second says whose stack it reads',
      async (command) => {
        const warning = `belongs to the checkout ${checkouts.first}: what follows is of that one`;
        expect((await second.run(command)).stderr).toContain(warning);
        expect((await first.run(command)).stderr).not.toContain('belongs to');
      },
    );

    it.each(CHANGES)(
      '`%s %s` in the second does nothing to what runs in the first',
      async (command, options) => {
        const before = await compose.containers();
        expectRefused(await second.run(command, wordsOf(options)), checkouts.first);
        const after = await compose.containers();
        const run = ({ Id, State }: (typeof before)[number]) => [Id, State.Running, State.StartedAt];
        expect(after.map(run)).toEqual(before.map(run));
        expect(after).toHaveLength(SERVICE_NAMES.length);
        expect(await compose.volumes()).toEqual(volumes);
      },
    );

    it('`chaos` in the second breaks nothing of the first', async () => {
      const result = await second.run('chaos', ['--faults', '1', '--only', 'kill,producer']);
      expectRefused(result, checkouts.first);
    });

    it('through a link it is the first one’s as before', async () => {
      const link = join(checkouts.folder, 'link');
      symlinkSync(checkouts.first, link);
      expect(await first.from(link).run('up')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('Already up'),
      });
    });

    it('data without a container are the first one’s, too', async () => {
      expect(await first.run('down')).toMatchObject({ code: 0 });
      expect(await compose.containers()).toEqual([]);
      for (const [command, options] of CHANGES) {
        if (command === 'down' && options === '') continue;
        expectRefused(await second.run(command, wordsOf(options)), checkouts.first);
      }
      expect(await second.run('down')).toMatchObject({ code: 0, stdout: 'Nothing was running.\n' });
      expect(await compose.volumes()).toEqual(volumes);
    });

    it('a checkout that was moved takes its own over on purpose, and the others are refused as before', async () => {
      const moved = join(checkouts.folder, 'moved');
      renameSync(checkouts.first, moved);
      const gone = checkouts.first;
      checkouts.first = moved;
      first = first.from(moved, own(moved));
      const refused = await first.run('up');
      expectRefused(refused, gone);
      expect(refused.stderr).toContain('--take-over');
      expect(await first.run('up', ['--take-over'])).toMatchObject({ code: 0 });
      expect(await first.run('verify')).toMatchObject({ code: 0 });
      expectRefused(await second.run('reset', ['--no-up']), moved);
      const wiped = await first.run('reset', ['--no-up']);
      expect(wiped).toMatchObject({ code: 0 });
      for (const name of volumes) expect(wiped.stdout).toContain(`volume ${compose.project}_${name}`);
      const left = (await engine?.docker.listVolumes())?.Volumes ?? [];
      expect(left.filter(({ Name }) => Name.startsWith(compose.project))).toEqual([]);
    });
  },
);
