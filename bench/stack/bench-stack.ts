import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { plainReporter } from '../../orchestrator/cli/reporters.ts';
import { upPlan } from '../../orchestrator/engine/up-plan.ts';
import {
  type RunLayout,
  runLayout,
  type ServiceLaunch,
  type Toolchain,
} from '../../orchestrator/runtimes/local/launch.ts';
import { LocalRuntime, localOutputPath } from '../../orchestrator/runtimes/local/local-runtime.ts';
import { prepareLaunch } from '../../orchestrator/runtimes/local/preflight.ts';
import { serviceLaunch } from '../../orchestrator/runtimes/local/process-launch.ts';
import { dashboard } from '../../orchestrator/services/dashboard.ts';
import { kafka } from '../../orchestrator/services/kafka.ts';
import { createTopic, kafkaInit } from '../../orchestrator/services/kafka-init.ts';
import { producer } from '../../orchestrator/services/producer.ts';
import { namesOf, type Service, serviceNamed } from '../../orchestrator/services/service.ts';
import { SERVICES } from '../../orchestrator/services/services.ts';
import { sparkMaster } from '../../orchestrator/services/spark-master.ts';
import { sparkStreaming } from '../../orchestrator/services/spark-streaming.ts';
import { sparkWorker } from '../../orchestrator/services/spark-worker.ts';
import { zookeeper } from '../../orchestrator/services/zookeeper.ts';
import type { StackConfig } from '../../orchestrator/settings/stack-config.ts';
import { provisioning } from '../../orchestrator/toolchain/toolchain.ts';
import type { Address } from '../../orchestrator/util/ports.ts';
import { runPlan } from '../../orchestrator/util/run-plan.ts';
import { kafkaToolsClassPath } from '../producer/kafka-tools.ts';
import { benchOutput } from '../report/bench-output.ts';
import { type ChildRun, runChild } from './child-run.ts';
import { type StackPlace, stackPlace } from './stack-place.ts';

const CLUSTER = namesOf([zookeeper, kafka, kafkaInit, sparkMaster, sparkWorker]);

/**
 * ZooKeeper, Kafka and a standalone Spark cluster, started by the product's own plan. Applications
 * are submitted to it.
 */
export class BenchStack {
  readonly folder: string;
  readonly config: StackConfig;
  readonly kafka: Address;
  readonly #runtime: LocalRuntime;
  readonly #layout: RunLayout;
  readonly #toolchain: () => Toolchain;
  readonly #children = new Set<ChildRun>();

  private constructor(place: StackPlace) {
    this.folder = place.folder;
    this.config = place.config;
    this.kafka = { host: 'localhost', port: place.config.settings.KAFKA_PORT };
    this.#layout = runLayout(place.config.runDir);
    const provided = provisioning(place.config, SERVICES);
    this.#toolchain = provided.toolchain;
    this.#runtime = new LocalRuntime(place.config, {
      services: SERVICES,
      launchOf: (name) => this.#launchOf(serviceNamed(SERVICES, name)),
      setup: provided.steps,
      checkTools: provided.checkMachine,
    });
  }

  /**
   * Runs the work with a running cluster. The cluster is stopped and its folder removed when the
   * work ends, with or without an error.
   */
  static async with<T>(
    settings: Readonly<Record<string, string>>,
    signal: AbortSignal,
    work: (stack: BenchStack) => Promise<T>,
  ): Promise<T> {
    const stack = new BenchStack(await stackPlace(settings));
    try {
      await stack.#start(signal);
      return await work(stack);
    } finally {
      await stack.#stop();
    }
  }

  /**
   * Submits an application as the product submits its job. `spark-app/app.py` can be replaced by
   * another program.
   */
  submit(
    program: { readonly app?: readonly string[]; readonly conf?: readonly string[] },
    environment: Readonly<Record<string, string>>,
  ): ChildRun {
    const { spec, files, folders } = this.#launchOf(sparkStreaming);
    prepareLaunch({ files, folders });
    const options = spec.args.slice(0, -1);
    const conf = (program.conf ?? []).flatMap((pair) => ['--conf', pair]);
    const app = program.app ?? spec.args.slice(-1);
    return this.#track({ ...spec, args: [...options, ...conf, ...app] }, environment);
  }

  /** Starts the product's producer. */
  produce(environment: Readonly<Record<string, string>>): ChildRun {
    return this.#track(this.#launchOf(producer).spec, environment);
  }

  /** Starts the product's dashboard. */
  dashboard(environment: Readonly<Record<string, string>>): ChildRun {
    return this.#track(this.#launchOf(dashboard).spec, environment);
  }

  /** Starts another program with the class path of Kafka's own tools. */
  kafkaTool(mainClass: string, args: readonly string[]): ChildRun {
    const { spec } = this.#launchOf(kafka);
    const classPath = kafkaToolsClassPath(this.#toolchain(), join(this.config.cacheDir, 'bench'));
    return this.#track({ ...spec, args: ['-Xmx512m', '-cp', classPath, mainClass, ...args] }, {});
  }

  /** Starts one more worker in addition to the stack's own. */
  addWorker(): ChildRun {
    const { spec } = this.#launchOf(sparkWorker);
    const port = String(this.config.settings.SPARK_WORKER_UI_PORT);
    const work = this.#layout.sparkWork;
    const args = spec.args.map((arg) =>
      arg === port ? String(Number(port) + 1) : arg === work ? `${work}-2` : arg,
    );
    return this.#track({ ...spec, args }, {});
  }

  get javaHome(): string {
    return this.#toolchain().javaHome;
  }

  createTopic(topic: string, partitions: number): Promise<string> {
    return createTopic(this.kafka, { name: topic, partitions });
  }

  #launchOf(service: Service): ServiceLaunch {
    return serviceLaunch(service, {
      config: this.config,
      layout: this.#layout,
      toolchain: this.#toolchain,
      outputPath: localOutputPath(this.config),
    });
  }

  #track(spec: ServiceLaunch['spec'], environment: Readonly<Record<string, string>>): ChildRun {
    const child = runChild(spec, environment);
    this.#children.add(child);
    return child;
  }

  async #start(signal: AbortSignal): Promise<void> {
    await this.#runtime.preflight(signal);
    const steps = upPlan(this.config, this.#runtime, []);
    const setup = this.#runtime.setup().map(({ name }) => name);
    const wanted = steps.filter(({ name }) => [...setup, ...CLUSTER].includes(name));
    await runPlan(wanted, plainReporter(benchOutput), signal);
  }

  async #stop(): Promise<void> {
    await Promise.all([...this.#children].map((child) => child.stop()));
    await this.#runtime.down();
    rmSync(this.folder, { recursive: true });
  }
}
