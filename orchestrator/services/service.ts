import type { FaultTarget } from '../runtimes/faults.ts';
import type { LaunchContext, ProcessLaunch, ServiceFolder, Tool } from '../runtimes/local/launch.ts';
import type { SettingUser } from '../settings/setting-row.ts';
import type { SettingName, Settings } from '../settings/setting-table.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import type { Probe } from '../util/readiness.ts';
import type { ServiceName } from './service-name.ts';

/** A setting that holds a port. */
export type PortSetting = Extract<SettingName, `${string}_PORT`>;

/** A port that a service listens on, on 127.0.0.1. */
export interface ServicePort {
  /** The setting that holds its number. */
  readonly setting: PortSetting;
  /** Programs that speak the service's protocol, or people with a browser. */
  readonly serves: 'clients' | 'page';
}

/** What a probe can observe. */
export interface ServiceView {
  readonly config: Pick<StackConfig, 'settings' | 'projectDir' | 'startedTopic'>;
  /** OUTPUT_PATH as this machine sees it, a path or a URI. */
  readonly outputPath: string;
  /** Where the port of a setting answers, as seen from this machine. */
  addressOf(setting: PortSetting): { readonly host: string; readonly port: number };
  /**
   * Observes the service itself: the last lines of its present process, and what the runtime knows,
   * as a phrase.
   */
  observe(): Promise<{ readonly recentLines: readonly string[]; readonly detail: string }>;
}

/** Why a service ended, where its log shows the cause and the next step is known. */
export interface KnownCause {
  /** Matches one line of the log. */
  readonly sign: RegExp;
  /** One sentence without its full stop. */
  readonly cause: string;
  /** What to do, with the next command. */
  readonly hint: string;
}

/** A process of a service that `chaos` can break. */
export interface FaultPoint {
  /** Its name for `chaos`, such as "driver". Spark's own parts have Spark's names. */
  readonly target: FaultTarget;
  /**
   * Its place among all targets when a schedule is drawn. It must not change: a seed gives the same
   * faults only as long as the order stays.
   */
  readonly drawOrder: number;
  /**
   * From and to in milliseconds. The pause is longer than the timeout of whatever waits for the
   * process, so that it is considered dead.
   */
  readonly longPauseMs: readonly [number, number];
  /**
   * The class that the command line of a child names; absent where the service's main process is
   * meant.
   */
  readonly childClass?: string;
  /** Present where the process writes outputs, so that its disk can be made full. */
  readonly writer?: {
    /** The class in the command line of the writing process inside a container. */
    readonly mainClass: string;
    /**
     * The end of the command line of a child of the main process. Once that child exists, the files
     * of the process may be limited. Earlier, the process writes where other stacks write, too.
     */
    readonly begunWhen?: string;
  };
}

/** How a service runs as a process of this machine. */
interface ProcessPlacement {
  /** The provisioning steps that install what its process needs. */
  readonly tools: readonly Tool[];
  /** Its folders in RUN_DIR. */
  readonly folders: readonly ServiceFolder[];
  /** Describes the process, and what must exist before it starts; has no side effects. */
  launch(context: LaunchContext): ProcessLaunch;
}

/** What is known of its container, which docker-compose.yml describes. */
interface ContainerPlacement {
  /** Whether its image is built from the checkout or pulled. */
  readonly image: 'built' | 'pulled';
  /** The named volumes of its block, which a wipe deletes. */
  readonly volumes: readonly string[];
}

/**
 * A service of the stack: everything that is known about it. A new one is a file with such an
 * object, its line in `services.ts` and its block in docker-compose.yml. Each placement is a field
 * of its own. A service that runs elsewhere, which nobody starts or stops, would need one more
 * field with an address instead of a launch; the other fields would then be optional.
 */
export interface Service {
  /** See ServiceName. */
  readonly name: ServiceName;
  /** For people: "Streaming job". */
  readonly title: string;
  /** A daemon is started again when it ends; a one-shot runs to its end once. */
  readonly kind: 'daemon' | 'one-shot';
  /**
   * Services that must be ready before it starts; docker-compose.yml has the same in `depends_on`.
   */
  readonly after: readonly ServiceName[];
  /** Services that must also be ready under some settings. Only `up` can wait for these. */
  readonly afterWith?: (settings: Settings) => readonly ServiceName[];
  /** Whether the stack has it under these settings; every stack has it when absent. */
  readonly isPartOf?: (settings: Settings) => boolean;
  /** Every port that it listens on and others connect to. */
  readonly ports: readonly ServicePort[];
  /**
   * Present where several instances can run in parallel, each with the next number of its ports.
   * Only containers can.
   */
  readonly scale?: {
    /** The setting that holds the number of instances. */
    readonly setting: 'SPARK_WORKERS';
    /** The name of one instance: "worker". */
    readonly one: string;
    /** A hint on how to get the same from a single process. */
    readonly insteadHint: string;
  };
  /**
   * Its name in `usedBy` of the setting table, where settings are its own. With other values it can
   * be started after it failed.
   */
  readonly settingsUsedBy?: readonly SettingUser[];
  /** Whether it writes into OUTPUT_DIR, which is created and marked before it starts. */
  readonly writesOutputs: boolean;
  /**
   * How long `up` waits until it is ready. It is generous for slow machines, because an end of its
   * process is noticed at once.
   */
  readonly readyTimeoutMs: number;
  /**
   * Whether it may end before it is ready and restart by itself, unless the log shows a known
   * cause. Other services fail `up` at once.
   */
  readonly mayRestartBeforeReady: boolean;
  /**
   * Returns the probe of its readiness, the same in every runtime. `up` waits for it, `status` asks
   * once.
   */
  readiness(view: ServiceView): Probe;
  /** Exit codes of a daemon that a restart cannot fix. */
  readonly finalExitCodes: readonly number[];
  /** Log lines that explain its end; `up` names the cause in its error. */
  readonly knownCauses: readonly KnownCause[];
  /** What `chaos` can break; empty where nothing may be broken. */
  readonly faults: readonly FaultPoint[];
  /** What the local runtime needs of it. */
  readonly asProcess: ProcessPlacement;
  /** What the Compose runtime needs of it. */
  readonly inContainer: ContainerPlacement;
}

/**
 * The part of a service that detached processes, the supervisor and the Compose watcher, receive.
 * It travels as JSON.
 */
export type ServiceOutline = Pick<Service, 'name' | 'kind' | 'after' | 'finalExitCodes'>;

/** @returns the part of a service that is pure data, for a detached process */
export function outlineOf({ name, kind, after, finalExitCodes }: Service): ServiceOutline {
  return { name, kind, after, finalExitCodes };
}

/** The names of services, in their order. */
export function namesOf(services: readonly Pick<Service, 'name'>[]): readonly ServiceName[] {
  return services.map(({ name }) => name);
}

/**
 * The service of a name.
 * @throws Error when the list has none
 */
export function serviceNamed<T extends Pick<Service, 'name'>>(services: readonly T[], name: ServiceName): T {
  const found = services.find((service) => service.name === name);
  if (!found)
    throw new Error(`there is no service ${name}: the services are ${namesOf(services).join(', ')}`);
  return found;
}

/** @param lines the last ones that the service wrote */
export function knownCauseIn(
  { knownCauses }: Pick<Service, 'knownCauses'>,
  lines: readonly string[],
): KnownCause | undefined {
  return knownCauses.find(({ sign }) => lines.some((line) => sign.test(line)));
}

/** Returns every port of the services, in their order, with the service that owns it. */
export function portsOf<T extends Pick<Service, 'ports'>>(
  services: readonly T[],
): readonly { readonly port: ServicePort; readonly service: T }[] {
  return services.flatMap((service) => service.ports.map((port) => ({ port, service })));
}

/**
 * Exit codes of a daemon that a restart cannot fix, the same in every runtime: 2 wrong usage or
 * configuration (this product's own programs), 78 EX_CONFIG of sysexits.h, 126 and 127 a command
 * that cannot be run or found (POSIX shells).
 */
export const FINAL_EXIT_CODES: readonly number[] = [2, 78, 126, 127];
