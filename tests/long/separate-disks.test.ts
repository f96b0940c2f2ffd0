import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ComposeStack } from '../support/compose-stack.ts';
import { testingEngine } from '../support/testing-engine.ts';
import { until } from '../support/until.ts';

const { engine, declined } = await testingEngine();

describe.skipIf(!engine)(
  `executors that write to a disk of their own${declined === undefined ? '' : ` (not tried: ${declined})`}`,
  () => {
    let compose: ComposeStack;
    let files: readonly string[];
    beforeAll(async () => {
      if (!engine) throw new Error('no engine');
      compose = await ComposeStack.create(engine.docker, 1, {
        SPARK_WORKER_MEMORY: '1g',
        TRIGGER_INTERVAL: '4 seconds',
      });
      const { folder, outputPath } = compose.stack;
      const other = join(folder, 'disk-of-the-worker');
      for (const path of [join(outputPath, '..'), other]) {
        mkdirSync(path, { recursive: true });
        chmodSync(path, 0o777);
      }
      const override = join(folder, 'override.yml');
      const mount = { type: 'bind', source: other, target: '/opt/spark-output' };
      writeFileSync(override, JSON.stringify({ services: { 'spark-worker': { volumes: [mount] } } }));
      files = ['-f', 'docker-compose.yml', '-f', override];
      await compose.compose([...files, 'up', '-d', '--build']);
    });
    afterAll(() => compose.discard());

    it('are named, and no offset is committed as if its record were written', async () => {
      let log = '';
      await until(
        () => `the job does not say what is wrong:\n${log}`,
        // The connector's packages are first downloaded into an empty volume.
        480_000,
        async () => {
          log = (await compose.compose([...files, 'logs', '--no-log-prefix', 'spark-streaming'])).stdout;
          return log.includes('is not whole') || undefined;
        },
      );
      expect(log).toMatch(
        /batch 0 is not whole: [\d,]+ records planned and 0 rows in bronze; the executors wrote to \S+ on their own disk/,
      );
      expect(log).toContain('OUTPUT_PATH must be on storage that driver and executors share');
      const { outputPath } = compose.stack;
      const commits = join(outputPath, '_chk', 'ingest', 'commits');
      expect(existsSync(commits) ? readdirSync(commits) : []).toEqual([]);
      expect(existsSync(join(outputPath, 'bronze'))).toBe(false);
    });
  },
);
