import type Docker from 'dockerode';
import { isOneShot } from '../service-observation.ts';
import { type ContainerEvent, StackContainers } from '../stack-containers.ts';

const SIGKILL = 9;

/** How the producer and the job say that they refuse their settings: another try cannot mend that. */
const REFUSED = 2;

/** What the engine answers when a container is gone, or on its way. */
const GONE: readonly number[] = [404, 409];

/**
 * Does for a project what Docker's restart policy does not: starts a daemon again that `docker kill` ended, which Docker takes
 * for a wish to stop it, and ends the restarts of one that refuses its settings. What `docker stop` ended stays as it is.
 * Resolves when the project has no container left, or the engine has gone.
 */
export async function watchContainers(
  docker: Docker,
  project: string,
  say: (line: string) => void,
): Promise<void> {
  const containers = new StackContainers(docker, project);
  /** By the first signal since its start: a stop asks before it kills. */
  const killed = new Map<string, number>();

  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const watched = new Promise<void>((onEnd, onError) => {
    resolve = onEnd;
    reject = onError;
  });

  const act = async ({ id, service, action, signal, exitCode }: ContainerEvent): Promise<void> => {
    if (action === 'start') killed.delete(id);
    if (action === 'kill' && signal !== undefined && !killed.has(id)) killed.set(id, signal);
    if (action === 'destroy' && (await containers.list()).length === 0) resolve();
    if (action !== 'die' || isOneShot(service)) return;
    const container = docker.getContainer(id);
    if (killed.get(id) === SIGKILL) {
      await unlessGone(container.start());
      say(`${service} was killed and is started again`);
    } else if (!killed.has(id) && exitCode === REFUSED) {
      await unlessGone(container.stop());
      say(`${service} refuses its settings (exit code ${exitCode}) and is not started again`);
    }
  };
  const stopListening = await containers.onEvent((event) => {
    act(event).catch(reject);
  });
  say(`watching ${project}`);
  try {
    if ((await containers.list()).length > 0) await Promise.race([watched, containers.lost]);
  } finally {
    stopListening();
    containers.close();
  }
}

/** 304: it has that state already. */
async function unlessGone(change: Promise<unknown>): Promise<void> {
  try {
    await change;
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 304 && !GONE.includes(statusCode ?? 0)) throw error;
  }
}
