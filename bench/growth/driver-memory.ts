import { readdirSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { readProcFile } from '../../orchestrator/util/processes.ts';
import { descendants } from '../measure/process-usage.ts';

/** What the driver uses. Memory is in bytes. */
export interface DriverMemory {
  /** Resident set of the driver's JVM. */
  readonly jvmRss: number;
  /** The live objects on the JVM's heap after a full collection. */
  readonly liveHeap: number;
  /** Loaded classes. Generated code that is never unloaded would show here. */
  readonly classes: number;
  /** Threads of the JVM. Each of Python's threads has one there. */
  readonly threads: number;
  /** Open files and connections of the JVM. */
  readonly descriptors: number;
  /** Resident set of the Python process below the JVM. */
  readonly pythonRss: number;
}

/**
 * Collects the driver's garbage and measures what is left. It needs Linux, and a JDK (jcmd, jstat)
 * on the PATH.
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

/**
 * A line of jstat by column. An unused column (of a collector without survivor spaces) is `-`,
 * which counts as 0.
 */
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

/** spark-submit's JVM has the job's Python as a child, among other children that end soon. */
function pythonBelow(pid: number): number {
  const python = descendants(pid).find((one) => readProcFile(`/proc/${one}/comm`)?.startsWith('python'));
  if (python === undefined) throw new Error(`There is no Python below the JVM ${pid}.`);
  return python;
}
