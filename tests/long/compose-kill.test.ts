import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { comesBackAfterKill } from '../support/compose-kill.ts';
import { ComposeStack, DAEMONS } from '../support/compose-stack.ts';
import { testingEngine } from '../support/testing-engine.ts';

const { engine, declined } = await testingEngine();

describe.skipIf(!engine)(
  `\`docker kill\`${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let compose: ComposeStack;
    beforeAll(async () => {
      if (!engine) throw new Error('no engine');
      compose = await ComposeStack.create(engine.docker, 3, {
        SPARK_WORKER_MEMORY: '1g',
        TRIGGER_INTERVAL: '4 seconds',
        MSGS_PER_SEC: '20',
        MAX_FILES_PER_SINK: '0',
      });
      expect(await compose.stack.run('up')).toMatchObject({ code: 0 });
    });
    afterAll(() => compose.discard());

    let seen = 0;
    it.each(DAEMONS)('of %s: it comes back by itself, and nothing is lost or doubled', async (service) => {
      const bronze = await comesBackAfterKill(compose, service);
      expect(bronze).toBeGreaterThan(seen);
      seen = bronze;
    });
  },
);
