import type Docker from 'dockerode';
import { FINAL_EXIT_CODES } from '../../../core/final-exit-codes.ts';
import { messageOf } from '../../../core/product-error.ts';
import { isOneShot } from '../service-observation.ts';
import { type ContainerEvent, StackContainers } from '../stack-containers.ts';

const SIGKILL = 9;

/** What the engine answers when a container is gone, or on its way. */
const GONE: readonly number[] = [404, 409];

/**
 * Does for a project what Docker's restart policy does not: starts a daemon again that `docker kill` ended, which Docker takes
 * for a wish to stop it, and ends the restarts of one whose exit code says that they mend nothing. What `docker stop` ended
 * stays as it is.
 * @param since Unix time in ms: what was killed from then on is started again, also before this was called
 * @returns `empty` when the project has no container left, `lost` when the engine has ended the connection
 */
export async function watchContainers(
  docker: Docker,
  project: string,
  say: (line: string) => void,
  since?: number,
): Promise<'empty' | 'lost'> {
  const containers = new StackContainers(docker, project, since);
  /** By the first signal since its start: a stop asks before it kills. */
  const killed = new Map<string, number>();

  let resolve: () => void = () => undefined;
  const emptied = new Promise<'empty'>((onEnd) => {
    resolve = () => onEnd('empty');
  });

  const act = async ({ id, service, action, signal, exitCode }: ContainerEvent): Promise<void> => {
    if (action === 'start') killed.delete(id);
    if (action === 'kill' && signal !== undefined && !killed.has(id)) killed.set(id, signal);
    if (action === 'destroy' && (await containers.isEmpty())) resolve();
    if (action !== 'die' || isOneShot(service)) return;
    const container = docker.getContainer(id);
    if (killed.get(id) === SIGKILL) {
      await unlessGone(container.start());
      say(`${service} was killed and is started again`);
    } else if (!killed.has(id) && exitCode !== undefined && FINAL_EXIT_CODES.includes(exitCode)) {
      if (await endRestarts(container, exitCode)) {
        say(`${service} is not started again: exit code ${exitCode} is one that a restart cannot mend`);
      }
    }
  };
  const stopListening = await containers.onEvent((event) => {
    // One that cannot be helped is no reason to give up the others.
    act(event).catch((error: unknown) => say(`${event.service}: ${event.action}: ${messageOf(error)}`));
  });
  say(`watching ${project}`);
  try {
    if (await containers.isEmpty()) return 'empty';
    return await Promise.race([emptied, containers.lost.then(() => 'lost' as const)]);
  } finally {
    stopListening();
    containers.close();
  }
}

/**
 * Ends the engine's restarts of a container while it waits for the next one, so that its exit code stays to be seen.
 * @returns false when it runs again already: its next end comes with a longer wait behind it
 */
async function endRestarts(container: Docker.Container, exitCode: number): Promise<boolean> {
  const before = await unlessGone(container.inspect());
  if (!before?.State.Restarting) return before?.State.Running === false;
  await unlessGone(container.stop());
  const after = await unlessGone(container.inspect());
  if (!after || after.State.ExitCode === exitCode) return true;
  // It was begun in that very moment, and the stop has ended it: it is to say once more why it ends.
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
