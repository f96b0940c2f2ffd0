import { once } from 'node:events';
import { connect } from 'node:net';
import Docker from 'dockerode';
import { z } from 'zod';
import { messageOf } from '../../util/product-error.ts';

/** A Docker engine that answered, together with its Compose plugin. */
export interface Engine {
  readonly docker: Docker;
  /** In the form of the `docker` command: unix:///var/run/docker.sock. */
  readonly host: string;
  readonly version: string;
  readonly composeVersion: string;
  /** Whether it runs without root, so that root in a container is the user outside. */
  readonly rootless: boolean;
}

/** A usable engine, or in a few words why there is none. */
export type EngineAnswer =
  | { readonly engine: Engine; readonly declined?: undefined }
  | { readonly engine?: undefined; readonly declined: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * An engine that accepts a connection exists, but may have to wake up first, as Docker Desktop
 * does. One that takes longer is in trouble.
 */
const ENGINE_PATIENCE_MS = 20_000;

/** A wait longer than this is announced. */
const ANNOUNCED_AFTER_MS = 1000;

/** Where a process listens, the system itself makes the connection. */
const CONNECT_TIMEOUT_MS = 2000;

/**
 * The command and its plugin only need to be started, but a busy machine may take long for that.
 */
const COMMAND_TIMEOUT_MS = 10_000;

/** The first Compose with the lifecycle hooks that docker-compose.yml uses. */
const COMPOSE_AT_LEAST = [2, 30] as const;

/** The fields that we read of the engine's `/version` and `/info`. Source: Docker Engine API. */
const versionAnswer = z.object({
  Version: z.string(),
  Components: z.array(z.object({ Name: z.string() })).optional(),
});
const infoAnswer = z.object({ OSType: z.string(), SecurityOptions: z.array(z.string()).nullish() });

class Declined extends Error {}

/**
 * Asks the engine that the `docker` command would use (its context, or DOCKER_HOST) and the Compose
 * plugin, in parallel.
 * @param patienceMs how long an engine that accepts the connection may take to answer; when nothing
 * listens, that is known at once
 * @param onWait is called once with a sentence when the answer is late
 */
export async function askEngine(
  environment: Environment,
  patienceMs = ENGINE_PATIENCE_MS,
  onWait?: (text: string) => void,
): Promise<EngineAnswer> {
  const compose = composeVersion(environment);
  compose.catch(() => undefined);
  try {
    const host = await engineHost(environment);
    const docker = engineConnection(host);
    const found = await answerOf(docker, host, patienceMs, onWait);
    return { engine: { docker, host, ...found, composeVersion: await compose } };
  } catch (error) {
    if (error instanceof Declined) return { declined: error.message };
    throw error;
  }
}

async function engineHost(environment: Environment): Promise<string> {
  const { failed, timedOut, stdout, stderr, code } = await dockerCli(
    ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'],
    environment,
  );
  if (timedOut) throw new Declined('the `docker` command did not answer');
  if (code === 'ENOENT') throw new Declined('there is no `docker` command');
  if (/podman/i.test(stderr)) throw new Declined(PODMAN);
  const host = stdout.trim();
  if (failed || host === '') throw new Declined(`\`docker context inspect\` failed: ${firstLine(stderr)}`);
  return host;
}

const PODMAN = 'the engine is Podman, whose Compose support this product was not made for';

/**
 * Returns a client of the engine at a host, written as the `docker` command writes it. Outputs and
 * ports are this machine's; an engine elsewhere would mount its own folders and open its own ports.
 */
export function engineConnection(host: string): Docker {
  const [, scheme, rest = ''] = /^([a-z]+):\/\/(.*)$/.exec(host) ?? [];
  if (scheme === 'unix' || scheme === 'npipe') return new Docker({ socketPath: rest });
  if (scheme === 'tcp' && URL.canParse(`http://${rest}`)) {
    const { hostname, port } = new URL(`http://${rest}`);
    if (['localhost', '127.0.0.1', '[::1]'].includes(hostname)) {
      return new Docker({
        protocol: 'http',
        host: hostname.replace(/[[\]]/g, ''),
        port: Number(port || 2375),
      });
    }
  }
  throw new Declined(`the engine at ${host} is not on this machine`);
}

async function answerOf(
  docker: Docker,
  host: string,
  patienceMs: number,
  onWait?: (text: string) => void,
): Promise<{ version: string; rootless: boolean }> {
  const announcement = setTimeout(
    () => onWait?.(`Docker at ${host} has not answered yet; it may take up to ${patienceMs / 1000} s.`),
    ANNOUNCED_AFTER_MS,
  );
  const late = AbortSignal.timeout(patienceMs);
  const timeout = new Promise<never>((_resolve, reject) => {
    late.addEventListener('abort', () =>
      reject(new Declined(`no answer from ${host} within ${patienceMs / 1000} s`)),
    );
  });
  timeout.catch(() => undefined);
  try {
    await connectOnce(docker, host);
    const asked = Promise.all([docker.version(), docker.info()]);
    asked.catch(() => undefined);
    const [first, second] = await Promise.race([asked, timeout]);
    const version = versionAnswer.parse(first);
    const info = infoAnswer.parse(second);
    if (version.Components?.some(({ Name }) => /podman/i.test(Name))) throw new Declined(PODMAN);
    if (info.OSType !== 'linux')
      throw new Declined(`the engine runs ${info.OSType} containers, not Linux ones`);
    const rootless = info.SecurityOptions?.some((option) => /\bname=rootless\b/.test(option)) ?? false;
    return { version: version.Version, rootless };
  } catch (error) {
    if (error instanceof Declined) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES')
      throw new Declined(`${host} may not be opened by this user (not in the group docker?)`);
    throw new Declined(`no engine answers at ${host} (${code ?? messageOf(error)})`);
  } finally {
    clearTimeout(announcement);
  }
}

/** @throws Error of the system when nothing listens there */
async function connectOnce(docker: Docker, host: string): Promise<void> {
  const { socketPath, host: hostname, port } = docker.modem as unknown as EngineAddress;
  const socket = connect(socketPath === undefined ? { host: hostname, port } : { path: socketPath });
  const late = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  try {
    await once(socket, 'connect', { signal: late });
  } catch (error) {
    if (!late.aborted) throw error;
    throw new Declined(`no connection to ${host} within ${CONNECT_TIMEOUT_MS / 1000} s`);
  } finally {
    socket.destroy();
  }
}

/** Where a client of dockerode connects to; its types do not declare this. */
interface EngineAddress {
  readonly socketPath?: string;
  readonly host: string;
  readonly port: number;
}

async function composeVersion(environment: Environment): Promise<string> {
  const { failed, timedOut, stdout, stderr } = await dockerCli(
    ['compose', 'version', '--short'],
    environment,
  );
  if (timedOut) throw new Declined('the Compose plugin did not answer');
  const version = stdout.trim().replace(/^v/, '');
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  if (failed || major === undefined) {
    throw new Declined(`the Compose plugin is missing (\`docker compose version\`: ${firstLine(stderr)})`);
  }
  const [atLeastMajor, atLeastMinor] = COMPOSE_AT_LEAST;
  const isOld =
    Number(major) < atLeastMajor || (Number(major) === atLeastMajor && Number(minor) < atLeastMinor);
  if (isOld) throw new Declined(`the Compose plugin ${version} is older than ${COMPOSE_AT_LEAST.join('.')}`);
  return version;
}

/** Its module is loaded only where an engine answers. */
async function dockerCli(args: readonly string[], environment: Environment) {
  const { execa } = await import('execa');
  return execa('docker', args, {
    env: environment,
    extendEnv: false,
    reject: false,
    timeout: COMMAND_TIMEOUT_MS,
    stdin: 'ignore',
  });
}

const firstLine = (text: string): string => text.trim().split('\n')[0] || 'no output';

/** Whether a time of the engine means "not yet". */
export const isNever = (time: string): boolean => time.startsWith('0001-');

/**
 * Converts a time as the engine writes it, with up to nine digits after the second, to nanoseconds
 * since the epoch.
 */
export function nanosecondsOf(time: string): bigint {
  const fraction = (/\.(\d{1,9})/.exec(time)?.[1] ?? '').padEnd(9, '0');
  return BigInt(Math.floor(Date.parse(time) / 1000)) * 1_000_000_000n + BigInt(fraction);
}

/**
 * Formats a time as the engine accepts it for `since`: seconds since the epoch with a fraction of
 * nine digits.
 */
export function sinceText(nanoseconds: bigint): string {
  return `${nanoseconds / 1_000_000_000n}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}`;
}
