import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadPipeline } from '../../pipeline/load-pipeline.ts';
import { pipelineText } from '../../pipeline/resolve.ts';

const projectDir = join(import.meta.dirname, '../../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'topic-script-'));
  // Prints what it was called with.
  writeFileSync(join(folder, 'kafka-topics'), '#!/bin/sh\necho "$@"\n');
  chmodSync(join(folder, 'kafka-topics'), 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command of the service as Compose gives it to the container, with these values. */
function createTopic(pipeline: string, topic = '', partitions = '') {
  const file = parse(readFileSync(join(projectDir, 'docker-compose.yml'), 'utf8'), { merge: true });
  const [shell, option, script, name] = file.services['kafka-init'].command as string[];
  expect([shell, option, name]).toEqual(['bash', '-c', 'kafka-init']);
  const text = String(script).replaceAll('$$', '$');
  return spawnSync('bash', ['-c', text, 'kafka-init', topic, partitions, pipeline], {
    env: { PATH: `${folder}:${process.env['PATH']}` },
    encoding: 'utf8',
  });
}

const call = (topic: string, partitions: number) =>
  expect.stringMatching(new RegExp(`--topic ${topic} --partitions ${partitions} --replication-factor 1\\n$`));

describe('the command of kafka-init in docker-compose.yml', () => {
  const pipeline = join(projectDir, 'pipelines/transactions/pipeline.json');

  it("creates the pipeline's topic, and what KAFKA_TOPIC and KAFKA_TOPIC_PARTITIONS say instead", () => {
    expect(createTopic(pipeline)).toMatchObject({ status: 0, stdout: call('transactions', 3) });
    expect(createTopic(pipeline, 'mine')).toMatchObject({ status: 0, stdout: call('mine', 3) });
    expect(createTopic(pipeline, '', '7')).toMatchObject({ status: 0, stdout: call('transactions', 7) });
    expect(createTopic('/nonexistent', 'mine', '7')).toMatchObject({ status: 0, stdout: call('mine', 7) });
  });

  it('reads every form in which `source` is written: on a line, and a member a line', () => {
    const found = loadPipeline('transactions', projectDir);
    const topic = `a.b_${'c-'.repeat(60)}d`;
    const path = join(folder, 'pipeline.json');
    writeFileSync(path, pipelineText({ ...found, source: { topic, partitions: 12, key: null } }));
    expect(readFileSync(path, 'utf8')).toMatch(/"source": \{\n/);
    expect(createTopic(path)).toMatchObject({ status: 0, stdout: call(topic, 12) });
  });

  it('says what is wrong with a pipeline that it cannot read', () => {
    const path = join(folder, 'none.json');
    writeFileSync(path, '{}');
    for (const none of [path, '/nonexistent/pipeline.json']) {
      expect(createTopic(none)).toMatchObject({ status: 78, stderr: expect.stringContaining(none) });
    }
  });
});
