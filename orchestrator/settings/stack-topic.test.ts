import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from './load-settings.ts';
import { refuseOffsetsOfOtherTopic, stackTopic } from './stack-topic.ts';

const projectDir = join(import.meta.dirname, '../..');
const READINGS = './data/fixtures/pipelines/readings';

const stack = (environment: Readonly<Record<string, string>>, startedTopic?: string) => ({
  settings: loadSettings({ flags: {}, environment, projectDir }),
  projectDir,
  startedTopic,
});

describe('the topic of a stack', () => {
  it("is the pipeline's, with its partitions", () => {
    expect(stackTopic(stack({}))).toEqual({ name: 'transactions', partitions: 3 });
    const { name } = stackTopic(stack({ PIPELINE: READINGS }));
    expect(name).not.toBe('transactions');
    expect(name).toMatch(/^[a-z._-]+$/);
  });

  it('is that of KAFKA_TOPIC and KAFKA_TOPIC_PARTITIONS where they are set, each by itself', () => {
    expect(stackTopic(stack({ KAFKA_TOPIC: 'mine' }))).toEqual({ name: 'mine', partitions: 3 });
    expect(stackTopic(stack({ KAFKA_TOPIC_PARTITIONS: '7' }))).toEqual({
      name: 'transactions',
      partitions: 7,
    });
  });

  it('stays that of the running stack when the pipeline names another one in the meantime', () => {
    expect(stackTopic(stack({ PIPELINE: READINGS }, 'before')).name).toBe('before');
  });

  it('needs the pipeline only where something is not set', () => {
    const nowhere = { PIPELINE: './nowhere' };
    expect(() => stackTopic(stack(nowhere))).toThrow(expect.objectContaining({ code: 'BAD_SETTING' }));
    const set = stack({ ...nowhere, KAFKA_TOPIC: 'mine', KAFKA_TOPIC_PARTITIONS: '1' });
    expect(stackTopic(set)).toEqual({ name: 'mine', partitions: 1 });
  });

  it('is the only one that STARTING_OFFSETS may name', () => {
    const STARTING_OFFSETS = '{"other":{"0":1}}';
    expect(() => refuseOffsetsOfOtherTopic(stack({ STARTING_OFFSETS }))).toThrow(
      /names the topic other, and the topic of the stack is transactions/,
    );
    for (const fits of [
      { STARTING_OFFSETS, KAFKA_TOPIC: 'other' },
      { STARTING_OFFSETS: 'latest' },
      { STARTING_OFFSETS: '{"transactions":{"0":1}}' },
    ]) {
      expect(() => refuseOffsetsOfOtherTopic(stack(fits))).not.toThrow();
    }
  });
});
