import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import { namesOf, type ServiceOutline, serviceNamed } from '../../../services/service.ts';
import { messageOf } from '../../../util/product-error.ts';
import { type ContainerEvent, StackContainers } from '../stack-containers.ts';

/** The signal of `docker stop`: no image of the stack names another one. */
const SIGTERM = 15;

/** What the engine answers when a container is gone or in removal. */
const GONE: readonly number[] = [404, 409];

/** The signals that a container received in its present run. */
interface Signals {
  readonly last: number;
  /** Whether any of them asked it to end: `docker stop` does that before it kills. */
  readonly wasAsked: boolean;
  /** When the first one came: Unix time in ns by the engine's clock. */
  readonly sinceNano: number;
}

/**
 * The engine reports a stop soon after it has cleaned up the container, but not at the same
 * instant.
 */
const STOP_REPORTED_WITHIN_MS = 2000;
const POLL_MS = 100;

/**
 * Restarts what Docker's restart policy does not. Docker takes a `docker kill` for a wish to stop
 * the container; here such a daemon is started again. It also ends the restarts of a daemon whose
 * exit code shows that a restart cannot fix it. What `docker stop` ended stays as it is.
 * @param since Unix ms: what was killed from then on is started again, also before this call
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
        say(`${service} is not started again: exit code ${exitCode} is one that a restart cannot fix`);
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
      // A failure for one container must not stop the others. An error that the end of the watch
      // caused does not count.
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
 * Whether a `docker stop` ended a container by killing it after its grace, rather than a `docker
 * kill` after a SIGTERM that the container had survived. The signals are the same; only the event
 * after the end differs. The engine is asked for that event, since a busy engine takes seconds to
 * report a stop, and a busy watcher to read it.
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
 * Waits until the engine has cleaned up the container that died at that time. Until then it reports
 * the container as running.
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
 * stays visible.
 * @returns false when it runs again already; the engine waits longer before the restart that
 * follows its next end
 */
async function endRestarts(container: Docker.Container, exitCode: number): Promise<boolean> {
  const before = await unlessGone(container.inspect());
  if (!before?.State.Restarting) return before?.State.Running === false;
  await unlessGone(container.stop());
  const after = await unlessGone(container.inspect());
  if (!after || after.State.ExitCode === exitCode) return true;
  // The container had just started, and the stop has ended it. It runs once more to show why it
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
 * An engine that is updated or restarted is back within seconds. A machine that goes to sleep may
 * take longer.
 */
const AWAY_TIMEOUT_MS = 600_000;
const PROJECT_POLL_MS = 500;

/**
 * Watches a project's containers as long as there are any. The watch survives restarts of the
 * engine, which itself starts the containers again. It ends when no container is left or the engine
 * stays away.
 * @param since Unix ms: what was killed from then on is started again, also before this call
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
      // The engine is still away.
    }
  }
  return true;
}
