import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { namesOf, type ServiceOutline, serviceNamed } from '../../../services/service.ts';
import { messageOf } from '../../../util/product-error.ts';
import { type ContainerEvent, StackContainers } from '../stack-containers.ts';

/** How `docker stop` asks: no image of the stack names another signal. */
const SIGTERM = 15;

/** What the engine answers when a container is gone, or on its way. */
const GONE: readonly number[] = [404, 409];

/** The signals that a container got in its present run. */
interface Signals {
  readonly last: number;
  /** Whether it was asked to end at any time: `docker stop` does that before it kills. */
  readonly wasAsked: boolean;
  /** When the first one came: Unix time in ns by the engine's clock. */
  readonly sinceNano: number;
}

/**
 * The engine reports a stop when it has put away what the container had; then at once, but not in
 * the same moment.
 */
const STOP_REPORTED_WITHIN_MS = 2000;
const POLL_MS = 100;

/**
 * Does for a project what Docker's restart policy does not: starts a daemon again that `docker
 * kill` ended, which Docker takes for a wish to stop it, and ends the restarts of one whose exit
 * code says that they mend nothing. What `docker stop` ended stays as it is.
 * @param since Unix time in ms: what was killed from then on is started again, also before this was
 * called
 * @returns `empty` when the project has no container left, `lost` when the engine has ended the
 * connection
 */
export async function watchContainers(
  docker: Docker,
  project: string,
  services: readonly ServiceOutline[],
  say: (line: string) => void,
  since?: number,
): Promise<'empty' | 'lost'> {
  const containers = new StackContainers(docker, project, namesOf(services), since);
  const signals = new Map<string, Signals>();

  let resolve: () => void = () => undefined;
  const emptied = new Promise<'empty'>((onEnd) => {
    resolve = () => onEnd('empty');
  });

  const act = async (event: ContainerEvent): Promise<void> => {
    const { id, service, action, signal, exitCode, timeNano } = event;
    const seen = signals.get(id);
    if (action === 'start') signals.delete(id);
    if (action === 'kill' && signal !== undefined) {
      signals.set(id, {
        last: signal,
        wasAsked: signal === SIGTERM || seen?.wasAsked === true,
        sinceNano: seen?.sinceNano ?? timeNano,
      });
    }
    if (action === 'destroy' && (await containers.isEmpty())) resolve();
    const { kind, finalExitCodes } = serviceNamed(services, service);
    if (action !== 'die' || kind === 'one-shot') return;
    signals.delete(id);
    const container = docker.getContainer(id);
    if (exitCode !== undefined && finalExitCodes.includes(exitCode)) {
      if (seen?.wasAsked) return;
      if (await endRestarts(container, exitCode)) {
        say(`${service} is not started again: exit code ${exitCode} is one that a restart cannot mend`);
      }
    } else if (seen && seen.last !== SIGTERM) {
      // After any `docker kill`, whatever the signal, the engine does not restart the container
      // when it ends.
      if (seen.wasAsked && (await wasStopped(docker, containers, event, seen.sinceNano))) return;
      await unlessGone(container.start());
      say(`${service} was killed and is started again`);
    }
  };
  let isOver = false;
  const stopListening = await containers.onEvent((event) => {
    act(event).catch((error: unknown) => {
      // A failure for one container must not stop the others. What the end of the watch has
      // interrupted is none.
      if (!isOver) say(`${event.service}: ${event.action}: ${messageOf(error)}`);
    });
  });
  say(`watching ${project}`);
  try {
    if (await containers.isEmpty()) return 'empty';
    return await Promise.race([emptied, containers.lost.then(() => 'lost' as const)]);
  } finally {
    isOver = true;
    stopListening();
    containers.close();
  }
}

/**
 * Whether the end of a container was that of a `docker stop`, which has killed it after its grace,
 * rather than of a `docker kill` after a SIGTERM that it had lived through. The signals are the
 * same, and what follows the end tells: the engine is asked for it, since a busy one takes seconds
 * to the report of a stop, and a busy watcher to read it.
 */
async function wasStopped(
  docker: Docker,
  containers: StackContainers,
  { id, timeNano }: ContainerEvent,
  sinceNano: number,
): Promise<boolean> {
  const diedMs = performance.now();
  await putAway(docker.getContainer(id), timeNano);
  const endedMs = performance.now();
  for (;;) {
    const isLastLook = performance.now() - endedMs >= STOP_REPORTED_WITHIN_MS;
    const now = timeNano + (performance.now() - diedMs) * 1e6;
    if (await containers.wasStopped(id, sinceNano, now)) return true;
    if (isLastLook) return false;
    await sleep(POLL_MS);
  }
}

/**
 * Waits until the engine has put away what a container had that died at that time: until then it
 * tells of it as running.
 */
async function putAway(container: Docker.Container, diedNano: number): Promise<void> {
  for (;;) {
    const state = (await unlessGone(container.inspect()))?.State;
    if (!state?.Running || Date.parse(state.StartedAt) * 1e6 > diedNano) return;
    await sleep(POLL_MS);
  }
}

/**
 * Ends the engine's restarts of a container while it waits for the next one, so that its exit code
 * stays to be seen.
 * @returns false when it runs again already: its next end comes with a longer wait behind it
 */
async function endRestarts(container: Docker.Container, exitCode: number): Promise<boolean> {
  const before = await unlessGone(container.inspect());
  if (!before?.State.Restarting) return before?.State.Running === false;
  await unlessGone(container.stop());
  const after = await unlessGone(container.inspect());
  if (!after || after.State.ExitCode === exitCode) return true;
  // It was begun in that very moment, and the stop has ended it: it is to say once more why it
  // ends.
  await unlessGone(container.start());
  return false;
}

/** 304: it has that state already. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 304 && !GONE.includes(statusCode ?? 0)) throw error;
    return undefined;
  }
}

/**
 * An engine that is updated or restarted is back within seconds; a machine that goes to sleep may
 * take longer.
 */
const AWAY_TIMEOUT_MS = 600_000;
const PROJECT_POLL_MS = 500;

/**
 * Watches a project's containers for as long as there are any, over restarts of the engine, which
 * starts them again itself. Ends when none is left or the engine stays away.
 * @param since Unix time in ms: what was killed from then on is started again, also before this was
 * called
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
    await sleep(PROJECT_POLL_MS);
    try {
      await docker.ping();
      return false;
    } catch {
      // That is what it means to be away.
    }
  }
  return true;
}
