import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { BenchStack } from '../stack/bench-stack.ts';

/** The machine of the measurement. Figures mean nothing without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly java: string;
  readonly spark: string;
}

export function describeMachine(config: BenchStack['config'], javaHome: string): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    java: javaVersion(javaHome),
    spark: config.settings.SPARK_VERSION,
  };
}

export function machineLine(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, node, java, spark } = machine;
  return `${cores} × ${cpu}, ${memoryGiB} GiB, Linux ${kernel}; Node ${node}, Java ${java}, Spark ${spark}`;
}

function javaVersion(javaHome: string): string {
  const settings = execFileSync(`${javaHome}/bin/java`, ['--version'], { encoding: 'utf8' });
  return settings.split('\n')[0] ?? '';
}
