import type { StackConfig } from '../config/stack-config.ts';
import { foreignStack, isCheckout } from '../runtime/foreign-stack.ts';
import { checkoutOf, markFolder } from '../runtime/owned-folder.ts';
import { isSameFolder } from '../runtime/same-folder.ts';
import { readRecordedStack, recordTakenOver } from './recorded-stack.ts';

/**
 * Asks whose RUN_DIR and OUTPUT_DIR are, before a command changes what is in them. A folder that names no checkout is free.
 * @param takeOver whether folders of a checkout that is not there any more become this one's
 * @throws ProductError FOREIGN_STACK, having changed nothing
 */
export function assertOwnFolders(config: StackConfig, takeOver: boolean): void {
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
  const foreign = folders.flatMap(({ owner, ...folder }) =>
    owner === undefined || isSameFolder(owner, projectDir) ? [] : [{ ...folder, owner }],
  );
  const held = foreign.find(({ owner }) => !takeOver || isCheckout(owner));
  if (held) throw foreignStack(held);
  for (const { take } of foreign) take();
}
