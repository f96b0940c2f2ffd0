import { accessSync, constants, existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** A folder, or the nearest above it that exists: where it would be made. */
export function nearestExisting(folder: string): string {
  const missing = missingBelow(folder);
  return missing === undefined ? folder : dirname(missing);
}

/**
 * Whether a folder can be written, or made where it is missing. What would be made first is made and taken away again: some file
 * systems grant every right and refuse all the same, and Node's recursive mkdir never ends on those.
 * @throws Error that says what is in the way
 */
export function assertUsableFolder(folder: string): void {
  const existing = nearestExisting(folder);
  if (!statSync(existing).isDirectory()) throw new Error(`${existing} is not a folder`);
  accessSync(existing, constants.R_OK | constants.W_OK | constants.X_OK);
  const missing = missingBelow(folder);
  if (missing === undefined) return;
  mkdirSync(missing);
  rmdirSync(missing);
}

/** The first folder on the way down to `folder` that does not exist. */
function missingBelow(folder: string): string | undefined {
  let missing: string | undefined;
  for (let at = folder; !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing = at;
  return missing;
}
