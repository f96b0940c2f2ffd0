import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import type { Probe } from '../../orchestrator/core/probe.ts';
import { ProductError } from '../../orchestrator/core/product-error.ts';
import type { ServiceName } from '../../orchestrator/core/services.ts';
import { firstDataCommitted } from '../../orchestrator/outputs/checkpoint-state.ts';
import { kafkaProbe } from '../../orchestrator/probes/kafka.ts';
import { sparkMasterProbe, sparkWorkerProbe } from '../../orchestrator/probes/spark-master.ts';
import { zookeeperProbe } from '../../orchestrator/probes/zookeeper.ts';
import { serviceLaunch } from '../../orchestrator/runtime/local/commands/service-commands.ts';
import { endpointsOf, localOutputPath } from '../../orchestrator/runtime/local/endpoints.ts';
import { prepareLaunch } from '../../orchestrator/runtime/local/run-folder.ts';
import { runLayout } from '../../orchestrator/runtime/local/run-layout.ts';
import type { Toolchain } from '../../orchestrator/runtime/local/toolchain.ts';
import { createTopic } from '../../orchestrator/stack/create-topic.ts';
import type { StackPlace } from '../stack/stack-place.ts';

const POLL_MS = 10;
const TIMEOUT_MS = 300_000;

/**
 * The longest chain of starts without an orchestrator: each process is spawned as soon as the one that it needs answers, which is
 * asked every 10 ms. ZooKeeper, Kafka and the topic beside master and worker; then the job and the producer; then the first data.
 * @returns seconds from the first process to the first committed data on disk
 */
export async function bareChain(
  place: StackPlace,
  toolchain: Toolchain,
  signal: AbortSignal,
): Promise<number> {
  const { config } = place;
  const layout = runLayout(config.runDir);
  const endpoints = endpointsOf(config);
  const outputPath = localOutputPath(config);
  const children: ChildProcess[] = [];
  const start = (name: ServiceName) => {
    const launch = serviceLaunch(name, config, layout, () => toolchain, outputPath);
    prepareLaunch(launch);
    const { command, args, env, cwd } = launch.spec;
    children.push(spawn(command, args, { env, cwd, stdio: 'ignore' }));
  };
  const { KAFKA_TOPIC: topic, KAFKA_TOPIC_PARTITIONS: partitions } = config.settings;
  const begin = performance.now();
  try {
    const kafka = async () => {
      start('zookeeper');
      await ready(zookeeperProbe(endpoints.zookeeper), signal);
      start('kafka');
      await ready(kafkaProbe(endpoints.kafka), signal);
      await createTopic(endpoints.kafka, { topic, partitions });
      start('producer');
    };
    const spark = async () => {
      start('spark-master');
      await ready(sparkMasterProbe(endpoints.sparkMasterUi), signal);
      start('spark-worker');
      await ready(sparkWorkerProbe(endpoints.sparkMasterUi, 1), signal);
    };
    await Promise.all([kafka(), spark()]);
    start('spark-streaming');
    const firstData: Probe = {
      name: 'the first data',
      check: async () => {
        const { committed, detail } = await firstDataCommitted(outputPath);
        return { ready: committed, detail };
      },
    };
    await ready(firstData, signal);
    return (performance.now() - begin) / 1000;
  } finally {
    for (const child of children.reverse()) await end(child);
  }
}

async function ready(probe: Probe, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await probe.check(AbortSignal.any([signal, AbortSignal.timeout(2000)]));
      if (answer.ready) return;
      last = answer.detail;
    } catch (error) {
      // Nobody listens there yet.
      last = error;
    }
    await pause(POLL_MS, undefined, { signal });
  }
  throw new ProductError('GATE_TIMEOUT', {
    message: `${probe.name} was not ready within ${TIMEOUT_MS / 1000} s: ${String(last)}.`,
    hint: 'Nothing was measured.',
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGTERM');
  const killing = setTimeout(() => child.kill('SIGKILL'), 20_000);
  await closed;
  clearTimeout(killing);
}
