import { namesOf, type ServiceOutline } from '../../../services/service.ts';
import type { ServiceName } from '../../../services/service-name.ts';
import { shortageOf } from '../../../util/owned-folder.ts';
import { Changes, pause } from '../../../util/wait.ts';
import type { ServiceObservation } from '../../runtime.ts';
import { type RunLayout, serviceLogFile } from '../launch.ts';
import type { RecordedService } from '../state-file.ts';
import type { ControlHandler } from './control-channel.ts';
import { ManagedService } from './managed-service.ts';
import { ServiceLog } from './service-log.ts';
import type { Watchdog } from './watchdog.ts';

/** Changes that follow each other within this time are told as one: a service writes many lines. */
const TOLD_TOGETHER_MS = 20;

/** A long poll outlives its client by the time until the next change. */
const NEVER = new AbortController().signal;

/** All services of one stack. */
export class Supervisor {
  readonly #outlines: readonly ServiceOutline[];
  readonly #services: ReadonlyMap<ServiceName, ManagedService>;
  readonly #changes = new Changes();
  #shutdown: Promise<readonly ServiceName[]> | undefined;

  /**
   * @param outlines what it may be asked to run, in start order
   * @param onChange called after every change of a service, with a phrase on it when its state is
   * another
   */
  constructor(
    layout: RunLayout,
    outlines: readonly ServiceOutline[],
    watchdog: Watchdog,
    onChange: (news?: string) => void,
  ) {
    this.#outlines = outlines;
    const context = {
      watchdog,
      shortage: () => shortageOf(layout.runDir),
      onChange: (news?: string) => {
        this.#changes.note();
        onChange(news);
      },
      onOutput: () => this.#changes.note(),
    };
    this.#services = new Map(
      namesOf(outlines).map((name) => [
        name,
        new ManagedService(name, new ServiceLog(serviceLogFile(layout, name)), context),
      ]),
    );
  }

  /** Whether anything runs or is about to be restarted. */
  get active(): boolean {
    return [...this.#services.values()].some((service) => service.active);
  }

  /** The operations of the control socket; `shutdown` here only stops the services. */
  readonly operations: ControlHandler = {
    start: async (spec) => {
      this.#assertNoShutdown();
      return this.#service(spec.name).start(spec);
    },
    restart: (name) => this.#restart(this.#service(name)),
    stop: (name) => this.#service(name).stop(),
    observe: async () => this.#observe(),
    changes: (seen) => this.#changesAfter(seen),
    shutdown: () => this.shutdown(),
  };

  /**
   * Stops every service, each once the services that depend on it are stopped.
   * @returns those that ran, in reverse start order
   */
  shutdown(): Promise<readonly ServiceName[]> {
    this.#shutdown ??= this.#stopAll().catch((error) => {
      this.#shutdown = undefined;
      throw error;
    });
    return this.#shutdown;
  }

  #observe(): readonly ServiceObservation[] {
    return [...this.#services.values()].map((service) => service.observe());
  }

  async #changesAfter(seen: number | null) {
    if (seen !== null && seen === this.#changes.count) {
      await this.#changes.after(seen, NEVER);
      await pause(TOLD_TOGETHER_MS, NEVER);
    }
    return { count: this.#changes.count, services: this.#observe() };
  }

  /** The start counts as a first one: the process ended on request, not in a crash. */
  async #restart(service: ManagedService): Promise<boolean> {
    this.#assertNoShutdown();
    const { spec } = service;
    if (!spec) return false;
    await service.stop();
    this.#assertNoShutdown();
    await service.start(spec);
    return true;
  }

  #assertNoShutdown(): void {
    if (this.#shutdown) throw new Error('the stack is being stopped');
  }

  async #stopAll(): Promise<readonly ServiceName[]> {
    const stops = new Map<ServiceName, Promise<boolean>>();
    for (const { name } of this.#outlines.toReversed()) {
      const followers = this.#outlines.filter(({ after }) => after.includes(name));
      // Waits until all have settled, not until all are fulfilled: a service that cannot be stopped
      // must not keep the others running.
      const gone = Promise.allSettled(followers.map((follower) => stops.get(follower.name)));
      stops.set(
        name,
        gone.then(() => this.#service(name).stop()),
      );
    }
    const names = [...stops.keys()];
    const outcomes = await Promise.allSettled(stops.values());
    const failure = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failure) throw failure.reason;
    for (const service of this.#services.values()) service.retire();
    return names.filter((_name, index) => {
      const outcome = outcomes[index];
      return outcome?.status === 'fulfilled' && outcome.value;
    });
  }

  /** Returns the services for the state file. */
  record(): readonly RecordedService[] {
    return [...this.#services.values()].map((service) => {
      const { name, state, detail, since, restarts, exitCode } = service.observe();
      return {
        name,
        state,
        detail,
        since,
        restarts,
        exitCode,
        process: service.process?.identity,
        stopGraceMs: service.spec?.stopGraceMs ?? 0,
        logStart: service.log.processStart,
      };
    });
  }

  #service(name: ServiceName): ManagedService {
    const service = this.#services.get(name);
    if (!service) throw new Error(`unknown service ${name}`);
    return service;
  }
}
