import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveStack } from './engine/resolve-stack.ts';
import { pipelineFolder } from './pipeline/load-pipeline.ts';
import { readEnvFile } from './settings/env-file.ts';
import type { StackConfig } from './settings/stack-config.ts';
import { stackTopic } from './settings/stack-topic.ts';
import { errorText, ProductError } from './util/product-error.ts';

/**
 * `npm run produce` sends to this folder's stack unless it is given brokers. With brokers, nothing
 * of the stack matters to it.
 */
const BROKERS = 'KAFKA_BOOTSTRAP_SERVERS';
const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  if (!namesBrokers()) {
    const topic = flagOf('kafka-topic') ?? process.env['KAFKA_TOPIC'];
    const pipeline = flagOf('pipeline');
    const { config, notes } = await resolveStack({
      // With a topic of its own, the pipeline says how events look, and not which stack is meant.
      flags: pipeline !== undefined && !topic ? { PIPELINE: pipeline } : {},
      environment: process.env,
      projectDir,
      isLenient: true,
    });
    for (const note of notes) process.stderr.write(`warning: ${note}\n`);
    process.env[BROKERS] = `localhost:${config.settings.KAFKA_PORT}`;
    process.env['KAFKA_TOPIC'] = topic || stackTopic(config).name;
    process.env['PIPELINE'] = pipelineFolder(config.settings.PIPELINE, projectDir);
    if (sends()) await warnOfOtherStack(config);
  }
  await import('../producer/command/produce-main.ts');
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = error instanceof ProductError ? error.exitCode : 1;
}

/** Two checkouts have the same ports unless one has other settings. */
async function warnOfOtherStack({ environment, projectDir, settings }: StackConfig): Promise<void> {
  if (settings.RUNTIME === 'local') return;
  const port = settings.KAFKA_PORT;
  // Docker's client is loaded only where it is needed.
  const { otherOwnerOfPort } = await import('./runtimes/compose/preflight.ts');
  const other = await otherOwnerOfPort(environment, port, projectDir);
  if (!other) return;
  process.stderr.write(
    `warning: ${other.what}, which listens at KAFKA_PORT=${port}, belongs to the checkout ${other.checkout}: records go to that one, not to a stack of ${projectDir}\n`,
  );
}

/** The value of a flag that is given as `--flag VALUE` or `--flag=VALUE`, unchecked. */
function flagOf(name: string): string | undefined {
  const words = process.argv.slice(2);
  const at = words.findLastIndex((word) => word.split('=')[0] === `--${name}`);
  const word = words[at];
  if (word === undefined) return undefined;
  return word.includes('=') ? word.slice(word.indexOf('=') + 1) : words[at + 1];
}

function sends(): boolean {
  return !process.argv.slice(2).some((word) => /^--(dry-run|out|help)(=|$)/.test(word));
}

function namesBrokers(): boolean {
  return Boolean(
    flagOf('kafka-bootstrap-servers') !== undefined ||
      process.env[BROKERS] ||
      readEnvFile(projectDir, process.env)[BROKERS],
  );
}
