import type { StackConfig } from '../config/stack-config.ts';
import { waitUntilReady } from '../core/health-gate.ts';
import { notReady, type Probe, ready } from '../core/probe.ts';
import { triggerIntervalMs } from '../core/trigger.ts';
import { readCheckpoint } from '../outputs/checkpoint.ts';
import { fetchTopicOffsets } from '../probes/topic-offsets.ts';
import { SUPERVISOR } from '../runtime/faults.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { stackStatus } from '../stack/service-status.ts';

const INTERVAL_MS = 250;
const ATTEMPT_TIMEOUT_MS = 15_000;

/** A driver that was given up and started again needs a minute on a slow machine; whatever takes this long does not come back. */
const RECOVERY_TIMEOUT_MS = 480_000;

/** A service that a supervisor has given up is looked at twice: an engine may be about to start it. */
const FAILED_LOOK_MS = 3000;

/**
 * Waits until the stack has recovered: a record that was written to the topic after this call is committed, and every service is
 * ready. So producer, broker, job and outputs have all worked since.
 * @returns what was reached
 * @throws ProductError GATE_TIMEOUT with what was still missing; SERVICE_EXITED when a service was given up
 */
export async function untilRecovered(
  what: string,
  config: StackConfig,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<string> {
  return waitUntilReady(recoveryProbe(`the stack, ${what},`, config, runtime), {
    timeoutMs: RECOVERY_TIMEOUT_MS + 2 * triggerIntervalMs(config.settings.TRIGGER_INTERVAL),
    intervalMs: INTERVAL_MS,
    attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
    signal,
    exited: (within) => givenUp(runtime, within),
  });
}

function recoveryProbe(name: string, config: StackConfig, runtime: Runtime): Probe {
  const kafka = runtime.addressOf('KAFKA_PORT');
  let ends: ReadonlyMap<number, number> | undefined;
  let hasNewData = false;
  return {
    name,
    async check() {
      if (!ends) {
        const { partitions } = await fetchTopicOffsets(
          kafka,
          config.settings.KAFKA_TOPIC,
          config.settings.KAFKA_ISOLATION_LEVEL,
        );
        ends = new Map(partitions.map(({ partition, endOffset }) => [partition, Number(endOffset)]));
      }
      if (!hasNewData) {
        const { committed } = await readCheckpoint(runtime.outputPath);
        const known = ends;
        hasNewData = [...(committed?.end ?? [])].some(
          ([partition, end]) => end > (known.get(partition) ?? 0),
        );
        if (!hasNewData) {
          return notReady(
            `no record written since is committed (last micro-batch ${committed?.batch ?? 'none'})`,
          );
        }
      }
      const { services, ready: allReady } = await stackStatus(config, runtime);
      if (allReady) {
        // Ready, and yet the next end of a service would be its last.
        return (await runtime.faults().isThere(SUPERVISOR))
          ? ready('every service is ready and new data is committed')
          : notReady('nothing is there that restarts services');
      }
      const waiting = services.filter(({ state }) => state !== 'ready' && state !== 'completed');
      return notReady(waiting.map(({ name: service, detail }) => `${service}: ${detail}`).join('; '));
    },
  };
}

/** Resolves when a service has failed for good. */
async function givenUp(runtime: Runtime, signal: AbortSignal): Promise<{ readonly detail: string }> {
  let suspects = new Set<string>();
  for (;;) {
    signal.throwIfAborted();
    // What cannot be looked at now is no verdict: a supervisor that was struck answers later.
    const observed = await runtime.observe().catch(() => []);
    const failed = observed.filter(({ state }) => state === 'failed');
    const again = failed.find(({ name }) => suspects.has(name));
    if (again) return { detail: `${again.name} was given up: ${again.detail}` };
    suspects = new Set(failed.map(({ name }) => name));
    await new Promise((resolve) => setTimeout(resolve, FAILED_LOOK_MS));
  }
}
