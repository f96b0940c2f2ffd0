import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEnvFile } from './config/env-file.ts';
import { ProductError } from './core/product-error.ts';
import { errorText } from './report/error-text.ts';
import { resolveStack } from './stack/resolve-stack.ts';

/** `npm run produce` sends to this folder's stack, unless it is told of brokers: then nothing of the stack matters to it. */
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
  }
  await import('../producer/command/produce-main.ts');
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = error instanceof ProductError ? error.exitCode : 1;
}

function namesBrokers(): boolean {
  const isFlag = (word: string) => word.split('=')[0] === '--kafka-bootstrap-servers';
  return Boolean(
    process.argv.slice(2).some(isFlag) ||
      process.env[BROKERS] ||
      readEnvFile(projectDir, process.env)[BROKERS],
  );
}
