import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type PortSetting, portsOf, type Service } from '../../services/service.ts';
import type { ServiceName } from '../../services/service-name.ts';
import type { SettingName } from '../../settings/setting-table.ts';
import type { StackConfig } from '../../settings/stack-config.ts';
import {
  assertUsableFolder,
  claimFolder,
  explainAccess,
  isOwnFolder,
  LEAST_FREE_BYTES,
  MARKER,
  megabytes,
  nearestExisting,
  shortageOf,
} from '../../util/owned-folder.ts';
import { isPortFreeSoon, portOwner } from '../../util/ports.ts';
import { groupMembers, isAlive } from '../../util/processes.ts';
import { messageOf, ProductError } from '../../util/product-error.ts';
import { userCommand } from '../../util/user-command.ts';
import { type RunLayout, runDirOf, type ServiceLaunch } from './launch.ts';
import { type RecordedState, readState } from './state-file.ts';

const HOST = '127.0.0.1';

/**
 * Checks folders and ports before anything is changed.
 * @throws ProductError UNSAFE_PATH, OUTPUT_NOT_WRITABLE, BAD_SETTING, PORT_TAKEN
 */
export async function checkFoldersAndPorts(
  config: StackConfig,
  layout: RunLayout,
  services: readonly Service[],
): Promise<void> {
  for (const service of services) assertSingle(service, config);
  assertWritable('RUN_DIR', config.runDir);
  assertRunDirIsOurs(layout);
  assertWritable('OUTPUT_DIR', config.outputDir);
  assertWritable('OUTPUT_DIR', join(config.outputDir, 'parquet'));
  assertFreeSpace('RUN_DIR', config.runDir);
  assertFreeSpace('OUTPUT_DIR', config.outputDir);
  const ports = portsOf(services);
  assertDistinctPorts(
    config,
    ports.map(({ port }) => port.setting),
  );
  const state = readState(layout.stateFile);
  for (const { port, service } of ports) {
    await assertPortUsable(port.setting, service.name, config.settings[port.setting], state);
  }
}

/** Several processes of one service would take each other's ports. */
function assertSingle({ scale }: Service, { settings }: StackConfig): void {
  if (!scale || settings[scale.setting] === 1) return;
  throw new ProductError('BAD_SETTING', {
    message: `${scale.setting}=${settings[scale.setting]} is not allowed with local processes, which have one ${scale.one}.`,
    hint: `${scale.insteadHint}, or take RUNTIME=compose.`,
  });
}

/** A missing folder is created when something starts. */
function assertWritable(setting: SettingName, folder: string): void {
  try {
    assertUsableFolder(folder);
  } catch (error) {
    const explained = explainAccess(error, { [setting]: folder });
    if (explained instanceof ProductError) throw explained;
    const existing = nearestExisting(folder);
    throw new ProductError('OUTPUT_NOT_WRITABLE', {
      message: `${setting}=${folder} cannot be ${existing === folder ? 'written' : 'created'}: ${messageOf(error)}.`,
      hint: `Set ${setting} to a folder that you may write, or change the permissions of ${existing}.`,
      cause: error,
    });
  }
}

function assertFreeSpace(setting: SettingName, folder: string): void {
  const shortage = shortageOf(folder);
  if (shortage === undefined) return;
  throw new ProductError('OUTPUT_NOT_WRITABLE', {
    message: `${setting}: ${shortage}; a start needs ${megabytes(LEAST_FREE_BYTES)}.`,
    hint: `Free some space, or set ${setting} to a folder on another disk.`,
  });
}

function assertDistinctPorts({ settings }: StackConfig, ports: readonly PortSetting[]): void {
  const seen = new Map<number, SettingName>();
  for (const setting of ports) {
    const port = settings[setting];
    const other = seen.get(port);
    if (other) {
      throw new ProductError('BAD_SETTING', {
        message: `${other} and ${setting} are both ${port}.`,
        hint: 'Give every port setting a number of its own.',
      });
    }
    seen.set(port, setting);
  }
}

async function assertPortUsable(
  setting: PortSetting,
  service: ServiceName,
  port: number,
  state: RecordedState | undefined,
): Promise<void> {
  let refusal = '';
  try {
    if (await isPortFreeSoon(HOST, port)) return;
  } catch (error) {
    refusal = messageOf(error);
  }
  const owner = await portOwner(port);
  const ours = state?.services.filter(({ process }) => process && isAlive(process)) ?? [];
  const isOurs = owner
    ? ours.some(({ process }) => process && groupMembers(process.pid).includes(owner.pid))
    : refusal === '' && ours.some(({ name }) => name === service);
  if (isOurs) return;
  const otherStack = owner && runDirOf(owner.pid);
  const holder = owner
    ? `process ${owner.pid} (${owner.command})`
    : 'a process that cannot be seen from here';
  const held = refusal || `it is held by ${holder}`;
  throw new ProductError('PORT_TAKEN', {
    message: `${setting}=${port} cannot be used on ${HOST}: ${held}${otherStack ? `, of the stack in ${otherStack}` : ''}.`,
    hint: `${otherStack ? `Run \`${userCommand('down')}\` in that checkout` : 'End that process'}, or set ${setting} to a free port.`,
  });
}

/**
 * Whether this product writes a name at the top of RUN_DIR. The files of the commands (lock, record
 * of the stack) count.
 */
function isRunDirEntry(layout: RunLayout, name: string): boolean {
  const { logs, control, scratch, sparkConf, serviceFolders } = layout;
  const own = [logs, control, scratch, sparkConf, ...serviceFolders.map(({ path }) => path)].map((path) =>
    basename(path),
  );
  return (
    name === MARKER ||
    own.includes(name) ||
    /^(state|stack|stack-location)\.json(\.\d+)?$|^command\.lock$/.test(name)
  );
}

/**
 * Marks RUN_DIR as the product's own.
 * @throws ProductError UNSAFE_PATH when it holds other files
 */
export function claimRunDir(layout: RunLayout): void {
  refuse(
    layout,
    claimFolder(layout.runDir, 0o700, (name) => isRunDirEntry(layout, name)),
  );
}

/**
 * Checks that RUN_DIR is the product's own or could become so.
 * @throws ProductError UNSAFE_PATH when it holds other files
 */
function assertRunDirIsOurs(layout: RunLayout): void {
  if (!existsSync(layout.runDir) || isOwnFolder(layout.runDir)) return;
  refuse(
    layout,
    readdirSync(layout.runDir).filter((name) => !isRunDirEntry(layout, name)),
  );
}

function refuse(layout: RunLayout, foreign: readonly string[]): void {
  if (foreign.length === 0) return;
  throw new ProductError('UNSAFE_PATH', {
    message: `RUN_DIR=${layout.runDir} holds files that are not this product's: ${foreign.slice(0, 3).join(', ')}.`,
    hint: 'Name a folder of its own, such as RUN_DIR=./data/run.',
  });
}

/** Creates folders and configuration files of a service; each file is replaced atomically. */
export function prepareLaunch({ folders, files }: Pick<ServiceLaunch, 'folders' | 'files'>): void {
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (const { path, content } of files) {
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, content, { mode: 0o600 });
    renameSync(temporary, path);
  }
}
