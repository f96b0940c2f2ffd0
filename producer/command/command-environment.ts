import { readFileSync } from 'node:fs';
import { ConfigError } from '../config-error.ts';
import type { ProducerSetting } from '../read-settings.ts';
import { parseEnvFile } from './env-file.ts';

/** Values by setting name, and whatever else an environment has. */
type Environment = Readonly<Partial<Record<ProducerSetting, string>> & Record<string, string | undefined>>;

/**
 * The settings of the command: flags over environment over `.env`. An empty value of the latter two counts as not given.
 *
 * @throws {ConfigError} when `.env` is there and cannot be read
 */
export function commandEnvironment(
  flags: Environment,
  environment: Environment,
  envFile: string,
): Environment {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  return { ...fileValues(envFile, environment), ...Object.fromEntries(given), ...flags };
}

function fileValues(path: string, environment: Environment): Environment {
  try {
    return parseEnvFile(readFileSync(path), environment);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
