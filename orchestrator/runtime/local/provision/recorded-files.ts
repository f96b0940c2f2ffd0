import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ProductError } from '../../../core/product-error.ts';

/** One row of RECORD: path, `sha256=<unpadded url-safe base64>`, bytes. Source: PyPA, "Recording installed projects". */
const ROW = /^(?<path>"(?:[^"]|"")*"|[^,]*),sha256=(?<hash>[\w-]+),\d+$/;

/**
 * The files that pip recorded for an installed package, relative to the folder of packages.
 * @throws ProductError PROVISION_FAILED when one has another content than recorded
 */
export async function recordedFiles(
  sitePackages: string,
  { name, version }: { readonly name: string; readonly version: string },
): Promise<readonly string[]> {
  const rows = (await readFile(join(sitePackages, `${name}-${version}.dist-info`, 'RECORD'), 'utf8')).split(
    /\r?\n/,
  );
  const files: string[] = [];
  for (const row of rows) {
    const { path, hash } = ROW.exec(row)?.groups ?? {};
    if (path === undefined) continue;
    const file = path.startsWith('"') ? path.slice(1, -1).replaceAll('""', '"') : path;
    const content = await readFile(join(sitePackages, file));
    if (createHash('sha256').update(content).digest('base64url') !== hash) {
      throw new ProductError('PROVISION_FAILED', {
        message: `${name} ${version} is damaged: ${file} is not what pip recorded.`,
        hint: "Run `npm run up` again; if it stays, empty pip's cache with `python3 -m pip cache purge`.",
      });
    }
    files.push(file);
  }
  return files;
}
