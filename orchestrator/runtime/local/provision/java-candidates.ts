import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeFolder } from '../../../core/home-folder.ts';
import { executableOnPath, isExecutable } from './path-search.ts';

/** A `java` that could be asked for its version. */
export interface JavaCandidate {
  readonly executable: string;
  /** How it came into question: "JAVA_HOME=/opt/java". */
  readonly origin: string;
}

/** A folder that holds one Java per version, and where its home is below each. */
export interface JavaFolder {
  readonly folder: string;
  readonly below: string;
}

/** Where packages, installers and version managers put Java. */
const FOLDERS: readonly JavaFolder[] = [
  { folder: '/usr/lib/jvm', below: '' },
  { folder: '/usr/java', below: '' },
  { folder: '/opt/java', below: '' },
  { folder: join(homeFolder(), '.sdkman/candidates/java'), below: '' },
  { folder: join(homeFolder(), '.jdks'), below: '' },
  // What /usr/libexec/java_home looks through, without starting it.
  { folder: '/Library/Java/JavaVirtualMachines', below: 'Contents/Home' },
  { folder: join(homeFolder(), 'Library/Java/JavaVirtualMachines'), below: 'Contents/Home' },
  // Homebrew's are linked nowhere else.
  { folder: '/opt/homebrew/opt', below: 'libexec/openjdk.jdk/Contents/Home' },
  { folder: '/usr/local/opt', below: 'libexec/openjdk.jdk/Contents/Home' },
];

/** Names that carry a supported version come first, the newest of them before the others. */
const PREFERRED = [/(^|\D)17(\D|$)/, /(^|\D)11(\D|$)/, /(^|\D)8(\D|$)/];

/** Every `java` that this machine is likely to have, the user's own choice first; looked up only as far as they are asked for. */
export function* javaCandidates(
  environment: Readonly<Record<string, string | undefined>>,
  folders = FOLDERS,
): Iterable<JavaCandidate> {
  const home = environment['JAVA_HOME'];
  if (home) yield* candidate(join(home, 'bin', 'java'), `JAVA_HOME=${home}`);
  const onPath = executableOnPath('java', environment);
  if (onPath !== undefined) yield { executable: onPath, origin: `${onPath} on PATH` };
  for (const { folder, below } of folders) {
    for (const name of list(folder).toSorted((one, two) => rank(one) - rank(two) || two.localeCompare(one))) {
      const executable = join(folder, name, below, 'bin', 'java');
      yield* candidate(executable, executable);
    }
  }
}

const candidate = (executable: string, origin: string): JavaCandidate[] =>
  isExecutable(executable) ? [{ executable, origin }] : [];

function rank(name: string): number {
  const index = PREFERRED.findIndex((pattern) => pattern.test(name));
  return index < 0 ? PREFERRED.length : index;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
