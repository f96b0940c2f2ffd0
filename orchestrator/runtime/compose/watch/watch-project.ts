import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { ServiceOutline } from '../../../services/service.ts';
import { watchContainers } from './watch-containers.ts';

/** An engine that is updated or restarted is back within seconds; a machine that goes to sleep may take longer. */
const AWAY_TIMEOUT_MS = 600_000;
const POLL_MS = 500;

/**
 * Watches a project's containers for as long as there are any, over restarts of the engine, which starts them again itself.
 * Ends when none is left or the engine stays away.
 * @param since Unix time in ms: what was killed from then on is started again, also before this was called
 */
export async function watchProject(
  docker: Docker,
  project: string,
  services: readonly ServiceOutline[],
  say: (line: string) => void,
  since?: number,
): Promise<void> {
  for (let from = since; ; from = undefined) {
    if ((await watchContainers(docker, project, services, say, from)) === 'empty') {
      say('no container is left');
      return;
    }
    say('the engine has gone');
    if (await staysAway(docker)) {
      say(`the engine has not come back within ${AWAY_TIMEOUT_MS / 60_000} min`);
      return;
    }
  }
}

async function staysAway(docker: Docker): Promise<boolean> {
  const deadline = performance.now() + AWAY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    await sleep(POLL_MS);
    try {
      await docker.ping();
      return false;
    } catch {
      // That is what it means to be away.
    }
  }
  return true;
}
