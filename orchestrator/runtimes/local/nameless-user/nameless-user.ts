import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { userNameOf } from '../../../util/owned-folder.ts';

const CLASSES = join(import.meta.dirname, 'classes');

/**
 * JVM options for Spark where this user's id has no entry in the list of users, as in a container
 * that is run under an arbitrary id: Hadoop asks the JDK for the user's name, and the JDK has none.
 * With them a class of ours answers in its place.
 * @param home the caller's HOME, which Java does not read
 * @param userName null when there is none
 * @returns none for a user who has a name
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
