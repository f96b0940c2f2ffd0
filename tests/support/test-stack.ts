import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from './free-ports.ts';
import { projectDir } from './project.ts';

/** How a command ended. */
export interface CommandResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const PORT_SETTINGS = [
  'ZOOKEEPER_PORT',
  'KAFKA_PORT',
  'SPARK_MASTER_PORT',
  'SPARK_MASTER_UI_PORT',
  'SPARK_APP_UI_PORT',
  'DASHBOARD_PORT',
  'SPARK_WORKER_UI_PORT',
] as const;

/**
 * A stack of its own: ports that nothing else uses, folders in a temporary folder, and the
 * product's commands run from outside as a user runs them. `discard` stops it and removes its
 * folder.
 */
export class TestStack {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: Readonly<Record<(typeof PORT_SETTINGS)[number], number>>;

  readonly #checkout: string;

  private constructor(
    folder: string,
    ports: readonly number[],
    settings: Readonly<Record<string, string>>,
    checkout = projectDir,
  ) {
    this.folder = folder;
    this.#checkout = checkout;
    this.ports = Object.fromEntries(
      PORT_SETTINGS.map((name, index) => [name, ports[index]]),
    ) as typeof this.ports;
    this.environment = {
      RUNTIME: 'local',
      OUTPUT_DIR: join(folder, 'output'),
      RUN_DIR: join(folder, 'run'),
      // A micro-batch costs a fixed amount of computing, and several stacks share the cores.
      TRIGGER_INTERVAL: '8 seconds',
      GOLD_TRIGGER_INTERVAL: '8 seconds',
      // Most of the computing in a short run is its own start: one quick compiler, one simple
      // collector.
      SPARK_EXECUTOR_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC',
      ...Object.fromEntries(Object.entries(this.ports).map(([name, port]) => [name, String(port)])),
      ...settings,
    };
  }

  /**
   * @param workers how many workers the stack will have at most: each has a page, on
   * SPARK_WORKER_UI_PORT and the ports after it
   * @param name the end of the folder's name
   */
  static async create(
    settings: Readonly<Record<string, string>> = {},
    workers = 1,
    name = '',
  ): Promise<TestStack> {
    const folder = `${mkdtempSync(join(tmpdir(), 'medallion-e2e-'))}${name}`;
    if (name !== '') mkdirSync(folder);
    return new TestStack(folder, await freePorts(PORT_SETTINGS.length + workers - 1), settings);
  }

  /** A stack that `up` has brought to its first data; one that has not come up is removed again. */
  static async started(...settings: Parameters<typeof TestStack.create>): Promise<TestStack> {
    const stack = await TestStack.create(...settings);
    const { stdout, stderr } = await stack.run('up');
    if ((stderr + stdout).includes('Ready after')) return stack;
    await stack.discard();
    throw new Error(`up has not brought it up:\n${stderr}${stdout}`);
  }

  /** The same settings for the commands of another checkout. */
  from(checkout: string, settings: Readonly<Record<string, string>> = {}): TestStack {
    return new TestStack(
      this.folder,
      PORT_SETTINGS.map((name) => this.ports[name]),
      { ...this.environment, ...settings },
      checkout,
    );
  }

  get outputPath(): string {
    return join(this.folder, 'output', 'parquet');
  }

  get runDir(): string {
    return join(this.folder, 'run');
  }

  /** Runs one command to its end. */
  async run(command: string, args: readonly string[] = [], settings: Readonly<Record<string, string>> = {}) {
    return this.start(command, args, settings).result;
  }

  /**
   * Runs one command that must succeed, and returns the one document that it prints with `--json`.
   */
  async json<T = Record<string, unknown>>(command: string, args: readonly string[] = []): Promise<T> {
    const result = await this.run(command, ['--json', ...args]);
    if (result.code !== 0)
      throw new Error(`${command} ended with ${result.code}:\n${result.stderr}\n${result.stdout}`);
    return JSON.parse(result.stdout) as T;
  }

  /** Starts one command and leaves it running. `signal` is sent to it alone. */
  start(command: string, args: readonly string[] = [], settings: Readonly<Record<string, string>> = {}) {
    return this.#spawn(process.execPath, [join(this.#checkout, 'bootstrap.mjs'), command, ...args], settings);
  }

  /** Runs `npm run …` to its end, as a user types it. */
  async npm(args: readonly string[], settings: Readonly<Record<string, string>> = {}) {
    return this.#spawn('npm', ['run', '--silent', ...args], settings).result;
  }

  #spawn(program: string, args: readonly string[], settings: Readonly<Record<string, string>>) {
    const child = spawn(program, args, {
      cwd: this.#checkout,
      env: { ...withoutSettings(process.env), ...this.environment, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    const result = new Promise<CommandResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, ...output }));
    });
    return { child, output, result };
  }

  /** Stops everything that runs and removes the folder. */
  async discard(): Promise<void> {
    const { code, stderr } = await this.run('down');
    if (code !== 0) throw new Error(`down ended with ${code}: ${stderr}`);
    rmSync(this.folder, { recursive: true });
  }
}

/** The tests' own environment must not change what is tested. */
function withoutSettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names =
    /^(KAFKA_|SPARK_|PIPELINE|GOLD_|MSGS_|OUTPUT_|DASHBOARD_|TRIGGER_|MAX_|STARTING_|FAIL_ON_|SHOW_|SINK_|ZOOKEEPER_|RUN_DIR|RUNTIME|NODE_OPTIONS|VITEST|npm_)/;
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      value === undefined || names.test(name) ? [] : [[name, value]],
    ),
  );
}
