import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  type Stats,
} from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { PIPELINE_FILE, pipelineFolder } from '../../pipeline/load-pipeline.ts';
import { namesOf, type PortSetting, portsOf, type Service } from '../../services/service.ts';
import type { SettingName } from '../../settings/setting-table.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import { isSameFolder } from '../../util/files.ts';
import { assertUsableFolder, claimOutputDir } from '../../util/owned-folder.ts';
import { isPortFree, portOwner } from '../../util/ports.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';
import type { StackOwner } from '../runtime.ts';
import type { ComposeVariables } from './compose-cli.ts';
import { askEngine, type Environment } from './engine.ts';
import type { StackContainer } from './stack-containers.ts';

const HOST = '127.0.0.1';

/**
 * Checks for ports and container names that others hold.
 * @throws ProductError BAD_SETTING, PORT_TAKEN, STACK_RUNNING
 */
export async function checkPortsAndNames(
  config: StackConfig,
  variables: ComposeVariables,
  services: readonly Service[],
  docker: Docker,
  present: readonly StackContainer[],
): Promise<void> {
  await assertNamesFree(variables, services, docker);
  const ours = new Set(present.flatMap(({ info }) => publishedPorts(info)));
  const seen = new Map<number, SettingName>();
  for (const {
    port: { setting },
    service: { scale },
  } of portsOf(services)) {
    const first = config.settings[setting];
    const count = scale ? config.settings[scale.setting] : 1;
    for (let port = first; port < first + count; port++) {
      const other = seen.get(port);
      if (other) throw bothAre(other, setting, port);
      seen.set(port, setting);
      if (!ours.has(port)) await assertPortFree(setting, port, docker);
    }
  }
}

/**
 * Creates the output folder as the user that the containers run as. That user must be able to write
 * what already exists.
 * @throws ProductError OUTPUT_NOT_WRITABLE
 */
export function makeOutputDir({ outputDir, projectDir }: StackConfig, { owner }: ComposeVariables): void {
  const uid = process.getuid?.();
  try {
    if (!existsSync(outputDir)) assertUsableFolder(outputDir);
    mkdirSync(outputDir, { recursive: true });
    // Where containers run as someone else, the folder is not marked here: only an empty folder is
    // handed over to that user.
    if (uid === 0 || uid === owner.uid) claimOutputDir(outputDir, projectDir);
    if (uid === 0 && owner.uid !== 0) {
      chownSync(outputDir, owner.uid, owner.gid);
      giveTree(join(outputDir, 'parquet'), owner.uid, owner.gid);
    } else if (uid === owner.uid) accessSync(outputDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new ProductError('OUTPUT_NOT_WRITABLE', {
      message: `OUTPUT_DIR=${outputDir} cannot be written: ${messageOf(error)}.`,
      hint: 'Set OUTPUT_DIR to a folder that you may write, or change the permissions of this one.',
      cause: error,
    });
  }
}

/** Local processes of root wrote these outputs; containers do not run as root. */
function giveTree(path: string, uid: number, gid: number): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return;
  if (found.uid === 0) lchownSync(path, uid, gid);
  if (found.isDirectory()) for (const name of readdirSync(path)) giveTree(join(path, name), uid, gid);
}

async function assertNamesFree(
  { project, containerPrefix }: ComposeVariables,
  services: readonly Service[],
  docker: Docker,
): Promise<void> {
  // A service that may have several instances has no fixed name.
  const single = services.filter(({ scale }) => !scale);
  const names = new Set(namesOf(single).map((name) => `/${containerPrefix}${name}`));
  for (const { Names, Labels } of await docker.listContainers({ all: true })) {
    const taken = Names.find((name) => names.has(name));
    const holder = Labels['com.docker.compose.project'];
    if (taken === undefined || holder === project) continue;
    throw new ProductError('STACK_RUNNING', {
      message: `The container name ${taken.slice(1)} is taken by ${holder === undefined ? 'a container outside Compose' : `the Compose project ${holder}`}.`,
      hint: 'Remove that container, or set CONTAINER_PREFIX to put something in front of the names of this stack.',
    });
  }
}

function publishedPorts({ NetworkSettings }: StackContainer['info']): number[] {
  const ports: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> =
    NetworkSettings.Ports;
  return Object.values(ports).flatMap((bindings) => (bindings ?? []).map(({ HostPort }) => Number(HostPort)));
}

async function assertPortFree(setting: PortSetting, port: number, docker: Docker): Promise<void> {
  let problem = '';
  try {
    if (await isPortFree(HOST, port)) return;
  } catch (error) {
    problem = messageOf(error);
  }
  const published = await holderOfPort(docker, port);
  const owner = published ? undefined : await portOwner(port);
  const holder = published
    ? `the container ${published.container}${published.folder === undefined ? '' : ` of ${published.folder}`}`
    : owner
      ? `process ${owner.pid} (${owner.command})`
      : 'a process that cannot be seen from here, perhaps of another container';
  throw new ProductError('PORT_TAKEN', {
    message: `${setting}=${port} cannot be used on ${HOST}: ${problem || `it is held by ${holder}`}.`,
    hint: `${published ? `\`docker stop ${published.container}\`` : 'End that process'}, or set ${setting} to a free port.`,
  });
}

function bothAre(one: SettingName, other: SettingName, port: number): ProductError {
  return new ProductError('BAD_SETTING', {
    message: one === other ? `${one} takes ${port} twice.` : `${one} and ${other} both take ${port}.`,
    hint: 'Give every port setting a number of its own; SPARK_WORKER_UI_PORT takes one for each of SPARK_WORKERS.',
  });
}

/** A warning does not justify a wait for an engine that wakes up. */
const PATIENCE_MS = 1000;

/**
 * Returns the other checkout whose containers listen on a port of this machine, if an engine
 * answers at once.
 */
export async function otherOwnerOfPort(
  environment: Environment,
  port: number,
  checkout: string,
): Promise<StackOwner | undefined> {
  const { engine } = await askEngine(environment, PATIENCE_MS);
  return engine && otherOwnerAt(engine.docker, port, checkout);
}

/** Does the same with a given engine. */
export async function otherOwnerAt(
  docker: Docker,
  port: number,
  checkout: string,
): Promise<StackOwner | undefined> {
  const { project, folder } = (await holderOfPort(docker, port)) ?? {};
  if (folder === undefined || isSameFolder(folder, checkout)) return undefined;
  return { what: `The Compose project ${project}`, checkout: folder };
}

/** A container that holds a port of this machine. */
export interface PortHolder {
  readonly container: string;
  /** Compose's project and the folder of its file; undefined for a container outside Compose. */
  readonly project?: string;
  readonly folder?: string;
}

/**
 * Returns the running container that publishes a TCP port, if there is one. The process that holds
 * the port is the engine's, which does not name the container.
 */
export async function holderOfPort(docker: Docker, port: number): Promise<PortHolder | undefined> {
  const running = await docker.listContainers();
  const found = running.find(({ Ports }) =>
    Ports.some(({ PublicPort, Type }) => PublicPort === port && Type === 'tcp'),
  );
  if (!found) return undefined;
  const { Names, Id, Labels } = found;
  const project = Labels['com.docker.compose.project'];
  const folder = Labels['com.docker.compose.project.working_dir'];
  return {
    container: Names[0]?.replace(/^\//, '') ?? Id.slice(0, 12),
    ...(project !== undefined && { project }),
    ...(folder !== undefined && { folder }),
  };
}

const READ = 4;
const ENTER = 1;

/**
 * Checks that Spark's user in the containers can read the job and its pipeline. A checkout under
 * umask 077 is readable for its owner only.
 * @throws ProductError CHECKOUT_NOT_READABLE
 */
export function assertReadableJob(
  { installDir, projectDir, settings }: Pick<StackConfig, 'installDir' | 'projectDir' | 'settings'>,
  owner: { readonly uid: number; readonly gid: number },
): void {
  if (owner.uid === 0) return;
  const folder = pipelineFolder(settings.PIPELINE, projectDir);
  const unreadable =
    findUnreadable(join(installDir, 'spark-app'), owner) ??
    findUnreadable(folder, owner, (name) => name === PIPELINE_FILE);
  if (unreadable === undefined) return;
  throw new ProductError('CHECKOUT_NOT_READABLE', {
    message: `Spark runs as uid ${owner.uid} in containers, which cannot read ${unreadable}.`,
    hint: "Run `chmod -R go+rX spark-app pipelines` in the checkout, or set OUTPUT_UID and OUTPUT_GID to its owner's (id -u, id -g).",
  });
}

/** Returns the first file or folder that a user without further groups cannot read. */
function findUnreadable(
  path: string,
  owner: { readonly uid: number; readonly gid: number },
  isRead: (name: string) => boolean = isLoaded,
): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found || !(found.isFile() || found.isDirectory())) return undefined;
  const wanted = found.isDirectory() ? READ | ENTER : READ;
  if ((rightsOf(found, owner) & wanted) !== wanted) return path;
  if (!found.isDirectory()) return undefined;
  for (const name of readdirSync(path).filter(isRead)) {
    const unreadable = findUnreadable(join(path, name), owner);
    if (unreadable !== undefined) return unreadable;
  }
  return undefined;
}

/** Python loads sources. The caches of tools next to them belong to the user who ran the tool. */
function isLoaded(name: string): boolean {
  return name.endsWith('.py') || !/^\.|\.|^__pycache__$/.test(name);
}

function rightsOf({ mode, uid, gid }: Stats, owner: { readonly uid: number; readonly gid: number }): number {
  return (uid === owner.uid ? mode >> 6 : gid === owner.gid ? mode >> 3 : mode) & 7;
}
