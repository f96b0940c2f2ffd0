import { basename, dirname } from 'node:path';
import type { StackConfig } from '../config/stack-config.ts';
import { provisionedFolders } from '../runtime/local/provision/provisioned-folders.ts';
import { lostPython } from '../runtime/local/provision/pyspark.ts';
import { changedFiles } from '../runtime/local/provision/stamp.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** What was provisioned, read in full and compared with its hashes: `up` itself looks at sizes only. */
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
