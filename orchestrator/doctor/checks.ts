import { existsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { ComposeObstacle } from '../runtimes/compose/compose-cli.ts';
import type { Engine, EngineAnswer } from '../runtimes/compose/engine.ts';
import { holderOfPort } from '../runtimes/compose/preflight.ts';
import { runDirOf } from '../runtimes/local/launch.ts';
import { type PortSetting, portsOf } from '../services/service.ts';
import { SERVICES } from '../services/services.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { CERTIFICATE_VARIABLES, readBundle } from '../toolchain/certificates.ts';
import { installText, missingOfSystem, systemRemedy } from '../toolchain/install-advice.ts';
import { changedFiles } from '../toolchain/installation.ts';
import { findJava } from '../toolchain/java.ts';
import { installedPySpark, lostPython } from '../toolchain/pyspark.ts';
import { findPython } from '../toolchain/python-packages.ts';
import { toolEnvironment } from '../toolchain/run-tool.ts';
import { COLD_CACHE_BYTES, provisionedFolders } from '../toolchain/toolchain.ts';
import { isSameFolder } from '../util/files.ts';
import {
  assertUsableFolder,
  freeBytes,
  LEAST_FREE_BYTES,
  megabytes,
  nearestExisting,
} from '../util/owned-folder.ts';
import { isPortFree, portOwner } from '../util/ports.ts';
import { messageOf, ProductError } from '../util/product-error.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** Enough for an hour of the stack at its defaults: outputs, Kafka's log segments, service logs. */
const COMFORTABLE_BYTES = 2_000_000_000;

/** Checks the free space of the cache, the outputs and the run folder. */
export async function checkDisk(config: StackConfig): Promise<readonly DoctorCheck[]> {
  const isCacheFilled = installedPySpark(config, toolEnvironment(config.environment)) !== undefined;
  const places = [
    {
      name: 'disk of the cache',
      folder: config.cacheDir,
      neededBytes: isCacheFilled ? 0 : COLD_CACHE_BYTES,
      remedy: 'Free some space, or put the cache on another disk with XDG_CACHE_HOME.',
    },
    {
      name: 'disk of OUTPUT_DIR',
      folder: config.outputDir,
      neededBytes: LEAST_FREE_BYTES,
      remedy: 'Free some space, or set OUTPUT_DIR to a folder on another disk.',
    },
    {
      name: 'disk of RUN_DIR',
      folder: config.runDir,
      neededBytes: LEAST_FREE_BYTES,
      remedy: 'Free some space, or set RUN_DIR to a folder on another disk.',
    },
  ];
  return places.map(({ name, folder, neededBytes, remedy }): DoctorCheck => {
    const free = freeBytes(folder);
    const detail = `${megabytes(free)} free`;
    if (free < neededBytes) {
      return { name, state: 'problem', detail: `${detail}, ${megabytes(neededBytes)} needed`, remedy };
    }
    return free < COMFORTABLE_BYTES ? { name, state: 'note', detail, remedy } : { name, state: 'ok', detail };
  });
}

/** Checks whether the folders that the stack writes can be created and written. */
export async function checkFolders(config: StackConfig): Promise<readonly DoctorCheck[]> {
  return [
    checkFolder('OUTPUT_DIR', config.outputDir),
    checkFolder('RUN_DIR', config.runDir),
    checkFolder('XDG_CACHE_HOME', config.cacheDir),
  ];
}

function checkFolder(setting: string, folder: string): DoctorCheck {
  const existing = nearestExisting(folder);
  try {
    assertUsableFolder(folder);
  } catch (error) {
    return {
      name: setting,
      state: 'problem',
      detail: `${folder} cannot be ${existing === folder ? 'written' : 'made'}: ${messageOf(error)}`,
      remedy: `Set ${setting} to a folder that you may write, or change the permissions of ${existing}.`,
    };
  }
  return { name: setting, state: 'ok', detail: `${folder}${existsSync(folder) ? '' : ', made when needed'}` };
}

/**
 * The memory of ZooKeeper, Kafka, Spark's master, the driver and the producer; the worker's
 * executors come on top.
 */
const BESIDE_THE_WORKER_BYTES = 3_000_000_000;

const UNITS: Readonly<Record<string, number>> = { m: 2 ** 20, g: 2 ** 30 };

/**
 * Checks whether the machine, or the container that this runs in, has the memory that the services
 * may take.
 */
export async function checkMemory({ settings }: StackConfig): Promise<readonly DoctorCheck[]> {
  const limit = process.constrainedMemory();
  const totalBytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const worker = settings.SPARK_WORKER_MEMORY.toLowerCase();
  const workerBytes = Number.parseInt(worker, 10) * (UNITS[worker.at(-1) ?? ''] ?? 1);
  const neededBytes = BESIDE_THE_WORKER_BYTES + workerBytes;
  const detail = `${megabytes(totalBytes)} in all, ${megabytes(freemem())} free`;
  if (totalBytes >= neededBytes) return [{ name: 'memory', state: 'ok', detail }];
  return [
    {
      name: 'memory',
      state: 'note',
      detail: `${detail}; the services may take ${megabytes(neededBytes)}`,
      remedy: 'Lower SPARK_WORKER_MEMORY (1g is enough at the defaults).',
    },
  ];
}

const HOST = '127.0.0.1';

const PORT_SETTINGS = portsOf(SERVICES).map(({ port }) => port.setting);

/**
 * Checks whether each port is free, or else who holds it: this stack, another one, or something
 * else.
 */
export async function checkPorts(
  config: StackConfig,
  engine: Engine | undefined,
): Promise<readonly DoctorCheck[]> {
  return Promise.all(PORT_SETTINGS.map((setting) => checkPort(config, setting, engine)));
}

async function checkPort(
  { settings, runDir, projectDir }: StackConfig,
  setting: PortSetting,
  engine: Engine | undefined,
): Promise<DoctorCheck> {
  const port = settings[setting];
  const name = `${setting} ${port}`;
  const elsewhere = `or set ${setting} to another port`;
  const same = PORT_SETTINGS.slice(0, PORT_SETTINGS.indexOf(setting)).find((one) => settings[one] === port);
  if (same) {
    const detail = `${same} has the same port`;
    return { name, state: 'problem', detail, remedy: `Set ${setting} to another port.` };
  }
  try {
    if (await isPortFree(HOST, port)) return { name, state: 'ok', detail: 'free' };
  } catch (error) {
    return { name, state: 'problem', detail: messageOf(error), remedy: `Set ${setting} to another port.` };
  }
  const published = engine && (await holderOfPort(engine.docker, port));
  if (published) {
    const { container, folder } = published;
    if (folder !== undefined && isSameFolder(folder, projectDir)) {
      return { name, state: 'ok', detail: `held by this stack (container ${container})` };
    }
    const detail = `held by the container ${container}${folder === undefined ? '' : ` of ${folder}`}`;
    return { name, state: 'problem', detail, remedy: `\`docker stop ${container}\`, ${elsewhere}.` };
  }
  const owner = await portOwner(port);
  if (!owner) {
    const detail =
      'held by a process that cannot be seen from here (of another user, or outside this container)';
    return { name, state: 'problem', detail, remedy: `End it, ${elsewhere}.` };
  }
  const holder = `${owner.command}, pid ${owner.pid}`;
  const stack = runDirOf(owner.pid);
  if (stack && isSameFolder(stack, runDir))
    return { name, state: 'ok', detail: `held by this stack (${holder})` };
  if (stack) {
    const detail = `held by the stack in ${stack} (${holder})`;
    return { name, state: 'problem', detail, remedy: `Run \`npm run down\` there, ${elsewhere}.` };
  }
  return {
    name,
    state: 'problem',
    detail: `held by ${holder}`,
    remedy: `\`kill ${owner.pid}\`, ${elsewhere}.`,
  };
}

/**
 * Reads everything that was provisioned in full and compares it with its hashes; `up` itself checks
 * sizes only.
 */
export async function checkCache({ cacheDir }: StackConfig): Promise<readonly DoctorCheck[]> {
  const name = 'cache';
  const folders = provisionedFolders(cacheDir);
  if (folders.length === 0) {
    const detail = `${cacheDir} is empty; the first \`npm run up\` downloads about 450 MB to it`;
    return [{ name, state: 'note', detail }];
  }
  const damaged: DoctorCheck[] = [];
  const outdated: DoctorCheck[] = [];
  let files = 0;
  for (const { folder, stamp } of folders) {
    const changed = await changedFiles(folder, stamp);
    files += stamp.files.length;
    const lost = basename(dirname(folder)) === 'pyspark' ? lostPython(folder, stamp) : undefined;
    if (lost !== undefined) {
      const detail = `${folder} cannot be used: ${lost}; the next \`npm run up\` makes it again`;
      outdated.push({ name, state: 'note', detail });
    }
    if (changed.length === 0) continue;
    damaged.push({
      name,
      state: 'problem',
      detail: `${changed.length} of ${stamp.files.length} files in ${folder} have changed, such as ${changed[0]}`,
      remedy: `\`rm -rf '${folder}'\`; the next \`npm run up\` makes it again`,
    });
  }
  if (damaged.length + outdated.length > 0) return [...damaged, ...outdated];
  return [{ name, state: 'ok', detail: `${cacheDir}, ${files} files as they were installed` }];
}

/** Checks the files in which the machine names its own certificate authorities. */
export async function checkCertificates({ environment }: StackConfig): Promise<readonly DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const name of CERTIFICATE_VARIABLES) {
    const path = environment[name];
    if (path) checks.push(checkBundle(name, path));
  }
  if (checks.length > 0) return checks;
  const detail = `none of ${CERTIFICATE_VARIABLES.join(', ')} is set: the public authorities are trusted`;
  return [{ name: 'certificates', state: 'ok', detail }];
}

function checkBundle(name: string, path: string): DoctorCheck {
  try {
    const count = readBundle(name, path).match(/BEGIN CERTIFICATE/g)?.length ?? 0;
    return { name, state: 'ok', detail: `${path}, ${count} ${count === 1 ? 'certificate' : 'certificates'}` };
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    return { name, state: 'problem', detail: error.message, remedy: error.hint };
  }
}

/** Checks Docker's engine and its Compose plugin, which only the Compose runtime uses. */
export function checkDocker(
  { settings }: StackConfig,
  answer: EngineAnswer,
  obstacle: ComposeObstacle | undefined,
): readonly DoctorCheck[] {
  const name = 'Docker';
  const isAsked = settings.RUNTIME === 'compose';
  const state = isAsked ? 'problem' : 'note';
  const otherwise = isAsked ? '' : '; the stack runs without, as local processes';
  if (obstacle) return [{ name, state, detail: `${obstacle.reason}${otherwise}`, remedy: obstacle.hint }];
  if (answer.engine) {
    const { version, composeVersion, host } = answer.engine;
    return [{ name, state: 'ok', detail: `engine ${version} at ${host}, Compose ${composeVersion}` }];
  }
  return [
    {
      name,
      state,
      detail: `${answer.declined}${otherwise}`,
      remedy: `Install Docker with Compose 2.30 or newer, and start it: ${installText('docker')}`,
    },
  ];
}

/** Checks for a Java that Spark supports; without one, `up` downloads Java 17 to its cache. */
export async function checkJava(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const memory = join(config.cacheDir, 'java', 'known.json');
  const { found, declined } = await findJava(toolEnvironment(config.environment), memory, signal);
  const name = 'Java';
  const passedOver = declined.map((reason) => `; ${reason}`).join('');
  if (found) return [{ name, state: 'ok', detail: `${found.version} (${found.home})${passedOver}` }];
  return [
    {
      name,
      state: 'note',
      detail: `none that Spark 3.5 runs on (8, 11 or 17)${passedOver}; \`npm run up\` downloads one to its cache`,
      remedy: `If you prefer the system's: ${installText('java')}`,
    },
  ];
}

/** The same as in package.json's `engines` and in bootstrap.mjs. */
const OLDEST = [20, 19] as const;

/** Checks the Node.js that runs this command. */
export async function checkNode(): Promise<readonly DoctorCheck[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  const name = 'Node.js';
  if (isNew) return [{ name, state: 'ok', detail: `${process.versions.node} (${process.execPath})` }];
  return [
    {
      name,
      state: 'problem',
      detail: `${process.versions.node} is older than ${OLDEST.join('.')}`,
      remedy: `Install Node.js ${OLDEST.join('.')} or newer (with nvm: \`nvm install 22\`).`,
    },
  ];
}

/** Checks for a Python to install PySpark with, unless PySpark is installed already. */
export async function checkPython(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const environment = toolEnvironment(config.environment);
  const name = 'Python';
  try {
    const { version, executable } = await findPython(environment, signal);
    return [{ name, state: 'ok', detail: `${version} with venv and pip (${executable})` }];
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    const installed = installedPySpark(config, environment);
    const detail = installed ? `${error.message} PySpark is installed already.` : error.message;
    return [{ name, state: installed ? 'note' : 'problem', detail, remedy: error.hint }];
  }
}

/** Checks what local processes need of the system itself. */
export async function checkSystem({ environment }: StackConfig): Promise<readonly DoctorCheck[]> {
  const name = 'system';
  const missing = missingOfSystem(environment);
  if (missing.length === 0) return [{ name, state: 'ok', detail: `${process.platform} ${process.arch}` }];
  const detail = `local processes need ${missing.join(' and ')}`;
  return [{ name, state: 'problem', detail, remedy: systemRemedy() }];
}
