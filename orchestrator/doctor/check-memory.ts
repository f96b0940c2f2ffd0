import { freemem, totalmem } from 'node:os';
import type { StackConfig } from '../config/stack-config.ts';
import { megabytes } from '../runtime/free-space.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** ZooKeeper, Kafka, Spark's master, the driver and the producer; the worker's executors come on top. */
const BESIDE_THE_WORKER_BYTES = 3_000_000_000;

const UNITS: Readonly<Record<string, number>> = { m: 2 ** 20, g: 2 ** 30 };

/** Whether the machine, or the container that this runs in, has the memory that the services may take. */
export async function checkMemory({ settings }: StackConfig): Promise<readonly DoctorCheck[]> {
  const limit = process.constrainedMemory();
  const totalBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const worker = settings.SPARK_WORKER_MEMORY.toLowerCase();
  const workerBytes = Number.parseInt(worker, 10) * (UNITS[worker.at(-1) ?? ''] ?? 1);
  const neededBytes = BESIDE_THE_WORKER_BYTES + workerBytes;
  const detail = `${megabytes(totalBytes)} in all, ${megabytes(freemem())} free`;
  if (totalBytes >= neededBytes) return [{ name: 'memory', state: 'ok', detail }];
  return [
    {
      name: 'memory',
      state: 'note',
      detail: `${detail}; the services may take ${megabytes(neededBytes)}`,
      remedy: 'Lower SPARK_WORKER_MEMORY (1g is enough at the defaults).',
    },
  ];
}
