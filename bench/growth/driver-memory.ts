import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';

/** What the driver holds; memory in bytes. */
export interface DriverMemory {
  /** Resident set of the driver's JVM. */
  readonly jvmRss: number;
  /** What lives on the JVM's heap after a full collection. */
  readonly liveHeap: number;
  /** Classes that are loaded: generated code that is never unloaded would show here. */
  readonly classes: number;
  /** Threads of the JVM: Python's each have one there. */
  readonly threads: number;
  /** Open files and connections of the JVM. */
  readonly descriptors: number;
  /** Resident set of the Python process below the JVM. */
  readonly pythonRss: number;
}

/**
 * Collects the driver's garbage and measures what is left. Linux, and a JDK (jcmd, jstat) on the PATH.
 * @param pid of the driver's JVM
 */
export async function driverMemory(pid: number): Promise<DriverMemory> {
  await execa('jcmd', [`${pid}`, 'GC.run']);
  const gc = await jstat(pid, '-gc');
  const classes = await jstat(pid, '-class');
  const used = ['S0U', 'S1U', 'EU', 'OU'].reduce((sum, column) => sum + (gc.get(column) ?? 0), 0);
  return {
    jvmRss: rss(pid),
    liveHeap: used * 1024,
    classes: classes.get('Loaded') ?? 0,
    threads: readdirSync(`/proc/${pid}/task`).length,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    pythonRss: rss(pythonBelow(pid)),
  };
}

/** A line of jstat's by column; a column that is not in use (a collector without survivor spaces) is `-`, which counts 0. */
async function jstat(pid: number, option: string): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await execa('jstat', [option, `${pid}`]);
  const [names = [], values = []] = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return new Map(names.map((name, index) => [name, Number(values[index]) || 0]));
}

function rss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

/** spark-submit's JVM has the job's Python as a child; a JVM starts processes from any of its threads, and others that are soon over. */
function pythonBelow(pid: number): number {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    procFile(`/proc/${pid}/task/${task}/children`).trim().split(' '),
  );
  const isPython = (child: string) => procFile(`/proc/${child}/comm`).startsWith('python');
  return Number(children.find((child) => child !== '' && isPython(child)));
}

/** What a file of /proc says; nothing when the thread or process that it is about has ended meanwhile. */
function procFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
