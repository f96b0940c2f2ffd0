import type { StackConfig } from '../config/stack-config.ts';
import type { Reporter } from '../core/reporter.ts';
import { foreignStack, isCheckout } from '../runtime/foreign-stack.ts';
import { checkoutOf, markFolder } from '../runtime/owned-folder.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { isSameFolder } from '../runtime/same-folder.ts';
import { readRecordedStack, recordTakenOver } from './recorded-stack.ts';

/**
 * Asks whose RUN_DIR and OUTPUT_DIR are, before a command changes what is in them. A folder that names no checkout is free.
 * @param takeOver whether folders of a checkout that is not there any more become this one's
 * @throws ProductError FOREIGN_STACK, having changed nothing
 */
export function assertOwnFolders(config: StackConfig, takeOver: boolean): void {
  const foreign = foreignFolders(config);
  const held = foreign.find(({ owner }) => !takeOver || isCheckout(owner));
  if (held) throw foreignStack(held);
  for (const { take } of foreign) take();
}

/**
 * Says whose stack or outputs a command is about to read when they are another checkout's: that is allowed, and easily overlooked
 * where both checkouts have the same project, ports or folders.
 */
export async function warnOfOtherOwner(
  config: StackConfig,
  runtime: Runtime,
  reporter: Reporter,
): Promise<void> {
  const other = await runtime.otherOwner();
  const folders = foreignFolders(config).map(({ what, owner }) => ({ what, checkout: owner }));
  for (const { what, checkout } of other ? [other, ...folders] : folders) {
    const text = `${what} belongs to the checkout ${checkout}: what follows is of that one, not of ${config.projectDir}`;
    reporter.emit({ type: 'warning', text });
  }
}

/** RUN_DIR and OUTPUT_DIR where they are another checkout's, with what makes them this one's. */
function foreignFolders(config: StackConfig) {
  const { projectDir, runDir, outputDir } = config;
  const folders = [
    {
      what: `The stack in RUN_DIR=${runDir}`,
      owner: readRecordedStack(config)?.checkout,
      instead: 'set RUN_DIR to a folder of this checkout',
      take: () => recordTakenOver(config),
    },
    {
      what: `OUTPUT_DIR=${outputDir}`,
      owner: checkoutOf(outputDir),
      instead: 'set OUTPUT_DIR to a folder of this checkout',
      take: () => markFolder(outputDir, projectDir),
    },
  ];
  return folders.flatMap(({ owner, ...folder }) =>
    owner === undefined || isSameFolder(owner, projectDir) ? [] : [{ ...folder, owner }],
  );
}
