import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { plainReporter } from '../../orchestrator/cli/reporters.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { provisioning } from '../../orchestrator/toolchain/toolchain.ts';
import { waitForFileLock } from '../../orchestrator/util/file-lock.ts';
import { processOutput } from '../../orchestrator/util/output.ts';
import { runPlan } from '../../orchestrator/util/run-plan.ts';
import { projectDir } from './project.ts';

/**
 * pytest, ruff and mypy in a venv of their own, with access to the pyspark that the product
 * provisions.
 */
export interface PythonTools {
  /** Path of one of the tools. */
  bin(name: string): string;
  /** Creates another venv from a requirements file. @returns its folder */
  install(name: string, requirements: string): Promise<string>;
  /** An environment in which pyspark can be imported and Java is found. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Provisions what the job's tests need. It is quick when everything is there. */
export async function pythonTools(): Promise<PythonTools> {
  const settings = loadSettings({ flags: {}, environment: process.env, projectDir });
  const config = stackConfig(settings, projectDir, process.env);
  const provided = provisioning(config, SERVICES);
  const signal = new AbortController().signal;
  const steps = provided.steps.filter(({ name }) => name === 'java' || name === 'pyspark');
  await runPlan(steps, plainReporter(processOutput(() => process.exit(1))), signal);
  const { python, sparkHome, javaHome } = provided.toolchain();

  const requirements = join(projectDir, 'spark-app', 'requirements-dev.txt');
  const venv = await installVenv(config.cacheDir, 'python-tools', python, requirements);
  return {
    install: (name, file) => installVenv(config.cacheDir, name, python, file),
    bin: (name) => join(venv, 'bin', name),
    environment: {
      ...process.env,
      JAVA_HOME: javaHome,
      SPARK_HOME: sparkHome,
      PYSPARK_PYTHON: join(venv, 'bin', 'python'),
      PYTHONPATH: [dirname(sparkHome), join(projectDir, 'spark-app')].join(delimiter),
      MYPYPATH: dirname(sparkHome),
      SPARK_LOCAL_IP: '127.0.0.1',
    },
  };
}

/**
 * A venv in the cache, created once. Another Python or other requirements give another one.
 * @param requirements path of a file for `pip install -r`
 * @returns its folder
 */
async function installVenv(
  cacheDir: string,
  name: string,
  python: string,
  requirements: string,
): Promise<string> {
  const key = createHash('sha256')
    .update(readFileSync(requirements))
    .update(python)
    .digest('hex')
    .slice(0, 12);
  const venv = join(cacheDir, `${name}-${key}`);
  const lock = await waitForFileLock(`${venv}.lock`, { signal: new AbortController().signal });
  try {
    if (!existsSync(join(venv, 'complete'))) {
      rmSync(venv, { recursive: true, force: true });
      await run(python, ['-m', 'venv', venv]);
      await run(join(venv, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', requirements]);
      writeFileSync(join(venv, 'complete.part'), '');
      renameSync(join(venv, 'complete.part'), join(venv, 'complete'));
    }
  } finally {
    lock.release();
  }
  return venv;
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}`));
    });
  });
}
