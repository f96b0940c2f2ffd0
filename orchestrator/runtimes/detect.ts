import { existsSync } from 'node:fs';
import { join } from 'node:path';
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

/**
 * Whether a folder is still a checkout of this product. A checkout that was moved, renamed or
 * deleted leaves nothing at its path.
 */
export function isCheckout(folder: string): boolean {
  return existsSync(join(folder, 'docker-compose.yml'));
}

export interface ForeignStack {
  /** What another checkout owns, as a subject: "The Compose project medallion-stream". */
  readonly what: string;
  /** The folder of the checkout that owns it. */
  readonly owner: string;
  /** How this checkout gets a stack of its own: "set RUN_DIR". */
  readonly instead: string;
}

/** Returns the error for a command that would change the stack or the data of another checkout. */
export function foreignStack({ what, owner, instead }: ForeignStack): ProductError {
  return isCheckout(owner)
    ? new ProductError('FOREIGN_STACK', {
        message: `${what} belongs to the checkout ${owner}; nothing was changed.`,
        hint: `Run the command in ${owner}, or ${instead}.`,
      })
    : new ProductError('FOREIGN_STACK', {
        message: `${what} belongs to the checkout ${owner}, which no longer exists; nothing was changed.`,
        hint: `Run the command with \`-- --take-over\` to make it this checkout's, or ${instead}.`,
      });
}

/** The folders of RUN_DIR that every runtime uses. */
export interface RunFolders {
  readonly logs: string;
  /** Locks and sockets (0700); deleted when nothing of the stack runs. */
  readonly control: string;
}

export function runFolders(runDir: string): RunFolders {
  return { logs: join(runDir, 'logs'), control: join(runDir, 'control') };
}
