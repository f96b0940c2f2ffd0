import type { StackConfig } from '../../config/stack-config.ts';
import { ProductError } from '../../core/product-error.ts';
import type { Engine } from './engine.ts';
import { loopbackProxy } from './loopback-proxy.ts';
import { unseenByEngine } from './shared-folders.ts';

/** Why an engine that answers cannot run the stack of this checkout. */
export interface ComposeObstacle {
  /** In a few words. */
  readonly reason: string;
  readonly hint: string;
}

/** What was found, by the engine that was asked: within one command it stays the same. */
const found = new WeakMap<Engine, Promise<ComposeObstacle | undefined>>();

/** Looks for what keeps the stack from running in containers, before any is made. */
export function composeObstacle(config: StackConfig, engine: Engine): Promise<ComposeObstacle | undefined> {
  const obstacle = found.get(engine) ?? lookForObstacle(config, engine);
  found.set(engine, obstacle);
  return obstacle;
}

async function lookForObstacle(
  config: StackConfig,
  { docker }: Engine,
): Promise<ComposeObstacle | undefined> {
  const proxy = loopbackProxy(config);
  if (proxy !== undefined) {
    return {
      reason: `${proxy} is a proxy of this machine alone, which neither image builds nor containers reach`,
      hint: 'Name an address of the proxy that containers reach, unset it for this command where none is needed, or start without containers: `npm run up -- --runtime local`.',
    };
  }
  const unseen = await unseenByEngine(docker, config);
  if (unseen === undefined) return undefined;
  return {
    reason: unseen,
    hint: 'Run the command where the engine runs, mount the checkout at the same path there, or start without containers: `npm run up -- --runtime local`.',
  };
}

/** @throws ProductError NO_ENGINE when the stack cannot run in containers of this engine */
export async function assertNoObstacle(config: StackConfig, engine: Engine): Promise<void> {
  const obstacle = await composeObstacle(config, engine);
  if (!obstacle) return;
  throw new ProductError('NO_ENGINE', {
    message: `Compose cannot be used: ${obstacle.reason}.`,
    hint: obstacle.hint,
  });
}
