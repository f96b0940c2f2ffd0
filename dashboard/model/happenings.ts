import type { Happening, Sections, ServiceState } from './snapshot.ts';

/** Happenings that are kept, the newest. */
export const KEPT_HAPPENINGS = 100;

type Before = Pick<Sections, 'services' | 'sources' | 'outputs' | 'ready'>;

/**
 * What happened between two observations: services that changed their state or were started again,
 * the first micro-batch, outputs that begin again, and sources that can no longer be read.
 */
export function happenings(before: Before, now: Before, at: string): readonly Happening[] {
  return [
    ...now.services.flatMap((service) => {
      const known = before.services.find(({ name }) => name === service.name);
      return known
        ? serviceTexts(known, service).map((text) => ({ at, kind: 'service' as const, text }))
        : [];
    }),
    ...streamTexts(before, now).map((text) => ({ at, kind: 'stream' as const, text })),
  ];
}

function serviceTexts(before: ServiceState, now: ServiceState): readonly string[] {
  const restarted = before.restarts !== null && now.restarts !== null ? now.restarts - before.restarts : 0;
  if (restarted > 0) return [`${now.name} was restarted`];
  if (before.state === now.state) return [];
  switch (now.state) {
    case 'ready':
      return [`${now.name} is ready`];
    case 'failed':
      return [`${now.name} has failed: ${now.detail}`];
    case 'stopped':
      return [`${now.name} was stopped`];
    case 'completed':
      return [`${now.name} has completed`];
    default:
      return before.state === 'ready' ? [`${now.name} is not ready: ${now.detail}`] : [];
  }
}

function streamTexts(before: Before, now: Before): readonly string[] {
  const [was, is] = [before.outputs.committedBatch, now.outputs.committedBatch];
  const { topic } = now.sources;
  return [
    ...(!before.ready && now.ready ? ['the stack is ready'] : []),
    ...(was === null && is !== null && before.sources.outputs.state === 'waiting'
      ? [`the first micro-batch is committed (${is})`]
      : []),
    ...(was !== null && is !== null && is < was ? ['the outputs were wiped and begin again'] : []),
    ...(before.sources.topic.state === 'ok' && topic.state === 'failed'
      ? [`the topic cannot be read: ${topic.detail}`]
      : []),
    ...(before.sources.topic.state === 'failed' && topic.state === 'ok'
      ? ['the topic can be read again']
      : []),
  ];
}
