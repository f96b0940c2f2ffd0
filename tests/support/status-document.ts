import { z } from 'zod';
import { SERVICE_NAMES } from '../../orchestrator/services/services.ts';

const counts = z.record(z.string(), z.int().min(0));

const service = z
  .strictObject({
    name: z.enum(SERVICE_NAMES),
    placement: z.enum(['process', 'container']),
    state: z.enum(['starting', 'ready', 'failed', 'stopped', 'completed']),
    pid: z.int().positive().optional(),
    container: z.string().min(1).optional(),
    restarts: z.int().min(0),
    since: z.iso.datetime(),
    detail: z.string().min(1),
  })
  .refine(
    ({ placement, pid, container }) => (placement === 'process' ? container : pid) === undefined,
    'a process has a pid, a container its name',
  );

/** `status --json`, with no field unknown and none missing. */
export const statusDocument = z.strictObject({
  runtime: z.enum(['local', 'compose']),
  ready: z.boolean(),
  pipeline: z.string().min(1),
  services: z
    .array(service)
    .refine(
      (services) => services.map(({ name }) => name).join() === SERVICE_NAMES.join(),
      'every service, in the order of the start',
    ),
  urls: z.strictObject({
    'spark-master': z.url(),
    'spark-worker': z.url(),
    'spark-streaming': z.url(),
    dashboard: z.url(),
  }),
  stream: z.strictObject({
    batch: z.int().min(0).nullable(),
    lag: z.int().nullable(),
    watermark: z.iso.datetime().nullable(),
    rows: counts,
    rejected: counts,
    unmet: counts,
    late: z.int().min(0),
  }),
});

export type Status = z.infer<typeof statusDocument>;
