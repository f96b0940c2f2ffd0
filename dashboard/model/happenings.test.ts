import { expect, it } from 'vitest';
import { snapshotWith } from '../../tests/support/snapshots.ts';
import { happenings } from './happenings.ts';
import type { ServiceState, Snapshot } from './snapshot.ts';

const AT = '2026-11-26T17:00:00.000Z';
const [KAFKA] = snapshotWith().services;
const withKafka = (change: Partial<ServiceState>): Snapshot =>
  snapshotWith({ services: [{ ...(KAFKA as ServiceState), ...change }] });

it.each([
  [{}, {}, []],
  [{ restarts: 1 }, { restarts: 2, state: 'starting' }, ['kafka was restarted']],
  [{ state: 'starting' }, { state: 'ready' }, ['kafka is ready']],
  [{}, { state: 'failed', detail: 'exited with code 1' }, ['kafka has failed: exited with code 1']],
  [{}, { state: 'stopped' }, ['kafka was stopped']],
  [{}, { state: 'starting', detail: 'no answer' }, ['kafka is not ready: no answer']],
  [{ restarts: null }, { restarts: null }, []],
] as const)('from %j to %j a service has %j', (before, now, texts) => {
  expect(happenings(withKafka(before), withKafka(now), AT)).toEqual(
    texts.map((text) => ({ at: AT, kind: 'service', text })),
  );
});

it('the first micro-batch, outputs that begin again, and a topic that cannot be read are recorded', () => {
  const { outputs, sources } = snapshotWith();
  const none = snapshotWith({
    outputs: { ...outputs, committedBatch: null },
    sources: { ...sources, outputs: { state: 'waiting', detail: '' } },
  });
  const texts = (before: Snapshot, now: Snapshot) => happenings(before, now, AT).map(({ text }) => text);
  expect(texts(none, snapshotWith())).toEqual(['the first micro-batch is committed (12)']);
  const again = snapshotWith({ outputs: { ...outputs, committedBatch: 0 } });
  expect(texts(snapshotWith(), again)).toEqual(['the outputs were wiped and begin again']);
  const failed = snapshotWith({ sources: { ...sources, topic: { state: 'failed', detail: 'down' } } });
  expect(texts(snapshotWith(), failed)).toEqual(['the topic cannot be read: down']);
  expect(texts(failed, snapshotWith())).toEqual(['the topic can be read again']);
});
