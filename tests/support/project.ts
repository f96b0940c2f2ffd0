import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout under test. */
export const projectDir = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
