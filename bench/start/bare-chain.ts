import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { firstDataCommitted } from '../../orchestrator/lake/committed-files.ts';
import { runLayout, type Toolchain } from '../../orchestrator/runtimes/local/launch.ts';
import { localOutputPath } from '../../orchestrator/runtimes/local/local-runtime.ts';
import { prepareLaunch } from '../../orchestrator/runtimes/local/preflight.ts';
import { serviceLaunch } from '../../orchestrator/runtimes/local/process-launch.ts';
import { loopbackAddress } from '../../orchestrator/runtimes/runtime.ts';
import { kafka, kafkaProbe } from '../../orchestrator/services/kafka.ts';
import { createTopic } from '../../orchestrator/services/kafka-init.ts';
import { producer } from '../../orchestrator/services/producer.ts';
import type { Service } from '../../orchestrator/services/service.ts';
import { sparkMaster, sparkMasterProbe } from '../../orchestrator/services/spark-master.ts';
import { sparkStreaming } from '../../orchestrator/services/spark-streaming.ts';
import { sparkWorker, sparkWorkerProbe } from '../../orchestrator/services/spark-worker.ts';
import { zookeeper, zookeeperProbe } from '../../orchestrator/services/zookeeper.ts';
import { stackTopic } from '../../orchestrator/settings/stack-topic.ts';
import { ProductError } from '../../orchestrator/util/product-error.ts';
import type { Probe } from '../../orchestrator/util/readiness.ts';
import type { StackPlace } from '../stack/stack-place.ts';

const POLL_MS = 10;
const TIMEOUT_MS = 300_000;

/**
 * The longest chain of starts without an orchestrator. Each process is spawned as soon as the one
 * that it needs answers, which is checked every 10 ms. ZooKeeper, Kafka and the topic start
 * alongside master and worker, then the job and the producer, then the first data arrive.
 * @returns seconds from the first process to the first committed data on disk
 */
export async function bareChain(
  place: StackPlace,
  toolchain: Toolchain,
  signal: AbortSignal,
): Promise<number> {
  const { config } = place;
  const layout = runLayout(config.runDir);
  const outputPath = localOutputPath(config);
  const children: ChildProcess[] = [];
  const context = { config, layout, toolchain: () => toolchain, outputPath };
  const start = (service: Service) => {
    const launch = serviceLaunch(service, context);
    prepareLaunch(launch);
    const { command, args, env, cwd } = launch.spec;
    children.push(spawn(command, args, { env, cwd, stdio: 'ignore' }));
  };
  const begin = performance.now();
  try {
    const feed = async () => {
      start(zookeeper);
      await ready(zookeeperProbe(loopbackAddress(config, 'ZOOKEEPER_PORT')), signal);
      start(kafka);
      const broker = loopbackAddress(config, 'KAFKA_PORT');
      await ready(kafkaProbe(broker), signal);
      await createTopic(broker, stackTopic(config));
      start(producer);
    };
    const cluster = async () => {
      const masterUi = loopbackAddress(config, 'SPARK_MASTER_UI_PORT');
      start(sparkMaster);
      await ready(sparkMasterProbe(masterUi), signal);
      start(sparkWorker);
      await ready(sparkWorkerProbe(masterUi, 1), signal);
    };
    await Promise.all([feed(), cluster()]);
    start(sparkStreaming);
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
