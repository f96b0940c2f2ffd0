import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type JavaFolder, javaCandidates } from './java-candidates.ts';
import { runTool } from './run-tool.ts';

/** A Java installation as it described itself. */
export interface Java {
  /** `bin/java` lies below it. */
  readonly home: string;
  /** As it writes it: "17.0.15", "1.8.0_402". */
  readonly version: string;
}

/** What the search came to. */
export interface JavaSearch {
  /** The first that Spark supports. */
  readonly found?: Java;
  /** Those passed over before it, each with the reason. */
  readonly declined: readonly string[];
}

/** Feature versions that Spark 3.5 supports; on 21 it fails at run time. Source: Spark 3.5's overview page. */
const SUPPORTED = [8, 11, 17];

/** What earlier commands learnt by running `java`, valid as long as the program's file is the same. */
type Known = Record<string, { readonly fingerprint: string; readonly java: Java }>;

/**
 * Finds a Java that Spark supports: JAVA_HOME, PATH, the usual folders. Each program is run once; what it said is kept in
 * `memory`, so that later searches start no process.
 * @param folders where to look beside JAVA_HOME and PATH; the usual ones by default
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
    // A version manager's shim stays the same file when the Java behind it goes.
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

/** Java's own word on its version and home; the latter also resolves symbolic links and version managers' shims. */
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
  return home && version ? { home, version } : 'did not tell its version';
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
    // Without a memory the next search asks again, which is all it costs.
    if (!['EACCES', 'EROFS', 'ENOSPC'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
