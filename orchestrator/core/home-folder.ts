import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';

/**
 * This user's home, absolute. The root where there is none: a user id that the list of users does not have, without HOME, is
 * an error to Node, and an empty HOME would mean the present folder.
 */
export function homeFolder(): string {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : '/';
  } catch {
    return '/';
  }
}
