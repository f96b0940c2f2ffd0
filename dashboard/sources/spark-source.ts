import { z } from 'zod';
import type { Address } from '../../orchestrator/util/ports.ts';
import { readJson } from '../../orchestrator/util/readiness.ts';

/** What Spark's REST API says of the application. */
export interface SparkApplication {
  readonly id: string;
  readonly executors: number;
  readonly cores: number;
}

const applications = z.array(z.object({ id: z.string() })).min(1);
const executors = z.array(z.object({ id: z.string(), isActive: z.boolean(), totalCores: z.number() }));

const TIMEOUT_MS = 2000;

/** An answer of a few executors has some kilobytes. */
const MOST_CHARACTERS = 4 * 1024 * 1024;

/**
 * Asks the driver for its executors. Source: Spark, "Monitoring and Instrumentation", REST API.
 * @throws Error when it does not answer, or not with these fields
 */
export async function readSparkApplication(address: Address): Promise<SparkApplication> {
  const [application] = applications.parse(await json(address, '/api/v1/applications'));
  const id = application?.id ?? '';
  const path = `/api/v1/applications/${encodeURIComponent(id)}/executors`;
  const active = executors
    .parse(await json(address, path))
    .filter((each) => each.isActive && each.id !== 'driver');
  return { id, executors: active.length, cores: active.reduce((sum, { totalCores }) => sum + totalCores, 0) };
}

async function json(address: Address, path: string): Promise<unknown> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await readJson(address, path, signal, MOST_CHARACTERS);
  } catch (error) {
    throw signal.aborted ? new Error('no answer in time', { cause: error }) : error;
  }
}
