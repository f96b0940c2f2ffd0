import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ProductError } from '../../core/product-error.ts';
import { claimFolder, isOwnFolder, MARKER } from '../owned-folder.ts';
import type { ServiceLaunch } from './commands/service-launch.ts';
import type { RunLayout } from './run-layout.ts';

/** Names at the top of RUN_DIR that this product writes, those of the commands (lock, record of the stack) included. */
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
 * Makes RUN_DIR the product's own.
 * @throws ProductError UNSAFE_PATH when it holds other files
 */
export function claimRunDir(layout: RunLayout): void {
  refuse(
    layout,
    claimFolder(layout.runDir, 0o700, (name) => isRunDirEntry(layout, name)),
  );
}

/**
 * Looks whether RUN_DIR is the product's own or could be made so.
 * @throws ProductError UNSAFE_PATH when it holds other files
 */
export function assertRunDirIsOurs(layout: RunLayout): void {
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

/** Puts folders and configuration of a service in place; a file is replaced in one piece. */
export function prepareLaunch({ folders, files }: Pick<ServiceLaunch, 'folders' | 'files'>): void {
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  for (const { path, content } of files) {
    const temporary = `${path}.${process.pid}`;
    writeFileSync(temporary, content, { mode: 0o600 });
    renameSync(temporary, path);
  }
}
