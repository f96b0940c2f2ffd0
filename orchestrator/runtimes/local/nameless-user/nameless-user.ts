import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userNameOf } from '../../../util/owned-folder.ts';

const CLASSES = join(import.meta.dirname, 'classes');

/**
 * Returns JVM options for Spark where this user's id has no entry in the user list, as in a
 * container that runs under an arbitrary id. Hadoop asks the JDK for the user's name, and the JDK
 * has none. With these options a class of ours answers instead.
 * @param home the caller's HOME, which Java does not read
 * @param userName null when there is none
 * @returns no options for a user who has a name
 */
export function namelessUserOptions(
  javaHome: string,
  home: string | undefined,
  userName: string | null = userNameOf() ?? null,
): readonly string[] {
  if (userName !== null) return [];
  // Java 8 has no modules.
  const isModular = existsSync(join(javaHome, 'lib', 'modules'));
  return [
    isModular ? `--patch-module=jdk.security.auth=${CLASSES}` : `-Xbootclasspath/p:${CLASSES}`,
    ...(home ? [`-Duser.home=${home}`] : []),
  ];
}
