import { existsSync } from 'node:fs';
import type { StackConfig } from '../config/stack-config.ts';
import { messageOf } from '../core/product-error.ts';
import { assertUsableFolder, nearestExisting } from '../runtime/folder-access.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** Whether the folders that the stack writes can be made and written. */
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
