import { ProductError } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
import { askEngine, type Engine, type Environment } from './compose/engine.ts';

/** The runtime that a machine has, and in one line why it was selected. */
export type DetectedRuntime =
  | { readonly name: 'compose'; readonly engine: Engine; readonly reason: string }
  | { readonly name: 'local'; readonly reason: string };

/**
 * Selects Compose when a Docker engine and the Compose plugin answer, local processes otherwise.
 */
export async function detectRuntime(
  environment: Environment,
  onWait?: (text: string) => void,
): Promise<DetectedRuntime> {
  const { engine, declined } = await askEngine(environment, undefined, onWait);
  if (!engine) return { name: 'local', reason: `runtime local: not Compose, since ${declined}` };
  const reason = `runtime compose: Docker ${engine.version} with Compose ${engine.composeVersion} answers at ${engine.host}`;
  return { name: 'compose', engine, reason };
}

/**
 * Returns the engine when the user asked for Compose by name.
 * @throws ProductError NO_ENGINE with the reason why there is none
 */
export async function requireEngine(
  environment: Environment,
  onWait?: (text: string) => void,
): Promise<Engine> {
  const { engine, declined } = await askEngine(environment, undefined, onWait);
  if (engine) return engine;
  throw new ProductError('NO_ENGINE', {
    message: `Compose cannot be used: ${declined}.`,
    hint: `Start Docker (\`docker info\` and \`docker compose version\` must both answer), or start afresh without it: \`${userCommand('reset', '--runtime local')}\`.`,
  });
}
