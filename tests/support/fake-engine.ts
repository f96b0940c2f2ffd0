import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineContext } from '../../orchestrator/engine/engine-context.ts';
import type { ServiceObservation, SetupStep } from '../../orchestrator/runtimes/runtime.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { type StackConfig, stackConfig } from '../../orchestrator/settings/stack-config.ts';
import type { ReportEvent } from '../../orchestrator/util/run-plan.ts';
import { type FakeBehaviour, FakeRuntime, FakeStack } from './fake-runtime.ts';

/** No probe of a service that has one gets an answer. */
const NOBODY_LISTENS = 1;

/** A stack in memory with its own folders, and what the use cases need to work with it. */
export class FakeEngine {
  readonly stack: FakeStack;
  readonly config: StackConfig;
  /** Every reported event. */
  readonly events: ReportEvent[] = [];
  /** Called with every event after it was recorded. */
  onEvent: (event: ReportEvent) => void = () => undefined;
  readonly abort = new AbortController();
  readonly #folder = mkdtempSync(join(tmpdir(), 'fake-engine-'));
  readonly #setup: readonly SetupStep[];

  constructor(behaviours: ConstructorParameters<typeof FakeStack>[0] = {}, setup: readonly SetupStep[] = []) {
    this.stack = new FakeStack(behaviours);
    this.#setup = setup;
    this.config = this.configWith({});
  }

  /** The configuration of the same folders with other settings. */
  configWith(settings: Readonly<Record<string, string>>): StackConfig {
    const folders = { OUTPUT_DIR: join(this.#folder, 'output'), RUN_DIR: join(this.#folder, 'run') };
    const PIPELINE = join(import.meta.dirname, '../../pipelines/transactions');
    const environment = { PATH: process.env['PATH'], PIPELINE, ...folders, ...settings };
    const projectDir = join(
      import.meta.dirname,
      '../../orchestrator/engine',
      '../../orchestrator/engine',
      '../../orchestrator/engine',
    );
    return stackConfig(loadSettings({ flags: {}, environment, projectDir }), projectDir, environment);
  }

  get context(): EngineContext {
    return {
      config: this.config,
      reporter: {
        emit: (event) => {
          this.events.push(event);
          this.onEvent(event);
        },
        close: async () => undefined,
      },
      signal: this.abort.signal,
      select: async ({ outputDir }) => ({
        runtime: new FakeRuntime(this.stack, {
          outputDir,
          setup: this.#setup,
          port: NOBODY_LISTENS,
        }),
        reason: 'runtime local, as the test says',
      }),
    };
  }

  look(service: string): ServiceObservation {
    const found = this.stack.observations.find(({ name }) => name === service);
    if (!found) throw new Error(`${service} is not observed`);
    return found;
  }

  /** The texts of all warnings. */
  get warnings(): readonly string[] {
    return this.events.flatMap((event) => (event.type === 'warning' ? [event.text] : []));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** A producer that is ready as soon as it runs. */
export const READY_PRODUCER: FakeBehaviour = {
  kind: 'runs',
  lines: ['[producer] first records acknowledged: 5'],
};
