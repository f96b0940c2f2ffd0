import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { resolveStack } from './engine/resolve-stack.ts';
import { readEnvFile } from './settings/env-file.ts';
import type { StackConfig } from './settings/stack-config.ts';
import { errorText, ProductError } from './util/product-error.ts';

/**
 * `npm run produce` sends to this folder's stack unless it is given brokers. With brokers, nothing
 * of the stack matters to it.
 */
const BROKERS = 'KAFKA_BOOTSTRAP_SERVERS';
const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  if (!namesBrokers()) {
    const { config, notes } = await resolveStack({
      flags: {},
      environment: process.env,
      projectDir,
      isLenient: true,
    });
    for (const note of notes) process.stderr.write(`warning: ${note}\n`);
    process.env[BROKERS] = `localhost:${config.settings.KAFKA_PORT}`;
    process.env['KAFKA_TOPIC'] ||= config.settings.KAFKA_TOPIC;
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

function sends(): boolean {
  return !process.argv.slice(2).some((word) => /^--(dry-run|out|help)(=|$)/.test(word));
}

function namesBrokers(): boolean {
  const isFlag = (word: string) => word.split('=')[0] === '--kafka-bootstrap-servers';
  return Boolean(
    process.argv.slice(2).some(isFlag) ||
      process.env[BROKERS] ||
      readEnvFile(projectDir, process.env)[BROKERS],
  );
}
