import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnvFile } from '../../producer/command/env-file.ts';
import { ConfigError } from '../../producer/errors.ts';
import { ProductError } from '../util/product-error.ts';
import { isSettingName, SETTING_NAMES } from './setting-table.ts';

/**
 * Names that may stand in `.env` although they are no settings. Compose, Docker and
 * docker-compose.yml read some of them. `npm run produce` reads the others: addresses and secrets
 * of other clusters.
 */
const NEIGHBOURS =
  /^(COMPOSE_|DOCKER_|BUILDKIT_)|^(ZOOKEEPER|KAFKA|SPARK|NODE)_IMAGE$|^(HTTPS?|NO|ALL)_PROXY$|^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|PIP_CERT)$|^(CONTAINER_PREFIX|SPARK_WORKER_MEM_LIMIT)$|^KAFKA_(BOOTSTRAP_SERVERS|SECURITY_PROTOCOL|SASL_\w+|SSL_\w+)$/i;

/**
 * Returns the values of `.env` in the checkout, read as Compose reads them. The result is empty
 * when there is no such file.
 * @param environment looked up first for `${NAME}` in a value
 * @throws ProductError BAD_SETTING for a file that cannot be read, and for a name that no program
 * here reads
 */
export function readEnvFile(
  projectDir: string,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const values = parsed(join(projectDir, '.env'), environment);
  for (const name of Object.keys(values)) {
    if (isSettingName(name) || NEIGHBOURS.test(name)) continue;
    throw new ProductError('BAD_SETTING', {
      message: `.env has the unknown setting ${name}.`,
      hint: `Allowed are ${SETTING_NAMES.join(', ')}; \`.env.example\` explains each.`,
    });
  }
  return values;
}

function parsed(path: string, environment: Readonly<Record<string, string | undefined>>) {
  try {
    return parseEnvFile(readFileSync(path), environment);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    if (error instanceof ConfigError) {
      throw new ProductError('BAD_SETTING', {
        message: `${error.message}.`,
        hint: `Correct ${path}, which is read as Docker Compose reads it.`,
        cause: error,
      });
    }
    throw new ProductError('BAD_SETTING', {
      message: `${path} cannot be read: ${(error as Error).message}.`,
      hint: 'Make it a readable file, or remove it.',
      cause: error,
    });
  }
}
