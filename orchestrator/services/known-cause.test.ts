import { expect, it } from 'vitest';
import { kafka } from './kafka.ts';
import { knownCauseIn } from './service.ts';
import { sparkStreaming } from './spark-streaming.ts';

const LINES = [
  '2026-01-01 00:00:00.000 ERROR KafkaServer Fatal error during KafkaServer startup. Prepare to shutdown',
  'java.lang.RuntimeException: Invalid cluster.id in: /run/kafka/data/meta.properties. Expected a, but read b',
];

it("shows that Kafka's data and ZooKeeper's do not belong together, and the way out", () => {
  expect(knownCauseIn(kafka, LINES)).toMatchObject({
    cause: expect.stringContaining('another cluster'),
    hint: expect.stringContaining('npm run reset'),
  });
});

it('knows nothing about other services and other lines', () => {
  expect(knownCauseIn(sparkStreaming, LINES)).toBeUndefined();
  expect(knownCauseIn(kafka, LINES.slice(0, 1))).toBeUndefined();
});
