import type Docker from 'dockerode';
import type { StackOwner } from '../runtime.ts';
import { isSameFolder } from '../same-folder.ts';
import { askEngine, type Environment } from './engine.ts';
import { holderOfPort } from './published-port.ts';

/** A warning is not worth waiting for an engine that wakes up. */
const PATIENCE_MS = 1000;

/** The other checkout whose containers listen at a port of this machine, as far as an engine answers at once. */
export async function otherOwnerOfPort(
  environment: Environment,
  port: number,
  checkout: string,
): Promise<StackOwner | undefined> {
  const { engine } = await askEngine(environment, PATIENCE_MS);
  return engine && otherOwnerAt(engine.docker, port, checkout);
}

/** The same, of a given engine. */
export async function otherOwnerAt(
  docker: Docker,
  port: number,
  checkout: string,
): Promise<StackOwner | undefined> {
  const { project, folder } = (await holderOfPort(docker, port)) ?? {};
  if (folder === undefined || isSameFolder(folder, checkout)) return undefined;
  return { what: `The Compose project ${project}`, checkout: folder };
}
