import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { outputNames } from '../orchestrator/lake/sinks.ts';
import { messageOf } from '../orchestrator/util/product-error.ts';
import { ConfigError } from '../producer/errors.ts';
import { type DashboardConfig, readConfig } from './config.ts';
import { HistoryFile } from './history-file.ts';
import { Reader } from './reader/reader.ts';
import { EventStream } from './server/event-stream.ts';
import { httpServer } from './server/http-server.ts';
import { pageFiles } from './server/page-files.ts';
import { OutputSource } from './sources/output-source.ts';
import { ProgressSource } from './sources/progress-source.ts';
import { ServiceSource } from './sources/service-source.ts';
import { readSparkApplication } from './sources/spark-source.ts';
import { TopicSource } from './sources/topic-source.ts';
import { type Sources, StackObserver } from './stack-observer.ts';
import { Verification } from './verification.ts';

/** The dashboard as a service of the stack: observes it, and serves the page and its API. */

/** Pages at most. */
const MOST_CLIENTS = 64;

/** Wrong configuration: a restart would not help. */
const EXIT_CONFIG = 2;

const log = (line: string) => process.stdout.write(`[dashboard] ${line}\n`);

try {
  await run(readConfig(process.env));
} catch (error) {
  process.stderr.write(`[dashboard] ${messageOf(error)}\n`);
  process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : 1;
}

async function run(config: DashboardConfig): Promise<void> {
  const stop = stopSignal();
  const topic = new TopicSource(config.broker, config.topic, config.isolationLevel);
  const events: EventStream = new EventStream({
    epoch: randomBytes(6).toString('hex'),
    mostClients: MOST_CLIENTS,
    snapshot: () => JSON.stringify(observer.snapshot()),
  });
  const history = new HistoryFile(config.historyDir);
  const reader = new Reader({ timeoutMs: 20_000, mostWaiting: 16, idleMs: 20_000 });
  const verification = new Verification(new Reader({ timeoutMs: 1_800_000, mostWaiting: 1, idleMs: 0 }));
  const observer = new StackObserver(config, sourcesOf(config, topic), {
    history,
    sink: events,
    verification,
  });
  const server = httpServer({
    snapshot: () => observer.snapshot(),
    events,
    files: pageFiles(join(import.meta.dirname, 'page')),
    ask: (name, question) => reader.ask(name, question),
    verify: (deep) => verification.start(deep),
    take: (notice) => observer.take(notice),
  });
  server.listen(config.listen);
  await once(server, 'listening');
  log(`listening on http://${config.listen.host}:${config.listen.port}`);
  observer.start();
  await stop;
  log('stopping');
  reader.close();
  verification.close();
  events.close();
  server.close();
  server.closeAllConnections();
  await observer.stop();
  await topic.close();
}

function sourcesOf(config: DashboardConfig, topic: TopicSource): Sources {
  const outputs = new OutputSource(config.outputPath, outputNames(config.pipeline));
  const progress = new ProgressSource(config.outputPath);
  const { services, runDir, runtime } = config;
  const placement = runtime === 'compose' ? 'container' : 'process';
  const states = new ServiceSource({ services, placement, runDir });
  return {
    topic: () => topic.read(),
    outputs: () => outputs.read(),
    progress: () => progress.read(),
    services: (facts) => states.read(facts),
    spark: () => sparkApplication(config),
  };
}

/** The driver is the service whose REST API is asked whether it is ready. */
async function sparkApplication({ services }: DashboardConfig) {
  const driver = services
    .map(({ probe }) => probe)
    .find((probe) => probe.kind === 'http' && probe.path.startsWith('/api/v1/'));
  if (!driver || !('address' in driver)) throw new Error('no driver is observed');
  return readSparkApplication(driver.address);
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
