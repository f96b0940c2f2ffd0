import { existsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import type { Engine } from '../runtimes/compose/engine.ts';
import { holderOfPort } from '../runtimes/compose/preflight.ts';
import { runDirOf } from '../runtimes/local/launch.ts';
import { type PortSetting, portsOf } from '../services/service.ts';
import { SERVICES } from '../services/services.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { installedPySpark } from '../toolchain/pyspark.ts';
import { toolEnvironment } from '../toolchain/run-tool.ts';
import { COLD_CACHE_BYTES } from '../toolchain/toolchain.ts';
import { isSameFolder } from '../util/files.ts';
import {
  assertUsableFolder,
  freeBytes,
  LEAST_FREE_BYTES,
  megabytes,
  nearestExisting,
} from '../util/owned-folder.ts';
import { isPortFree, portOwner } from '../util/ports.ts';
import { messageOf } from '../util/product-error.ts';
import { userCommand } from '../util/user-command.ts';
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
    return { name, state: 'problem', detail, remedy: `Run \`${userCommand('down')}\` there, ${elsewhere}.` };
  }
  return {
    name,
    state: 'problem',
    detail: `held by ${holder}`,
    remedy: `\`kill ${owner.pid}\`, ${elsewhere}.`,
  };
}
