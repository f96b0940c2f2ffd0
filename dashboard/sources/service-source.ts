import type { ServiceState } from '../model/snapshot.ts';
import { LogTails, type RecordedService, recordedServices } from './recorded-services.ts';
import { type ProbeOutcome, probeService, type TopicFacts, type WatchedService } from './service-probe.ts';

interface ServiceSourceOptions {
  /** In the order of their start. */
  readonly services: readonly WatchedService[];
  readonly placement: ServiceState['placement'];
  /** RUN_DIR with the supervisor's record and the logs; undefined in a container. */
  readonly runDir: string | undefined;
}

const PROBE_TIMEOUT_MS = 2000;

/**
 * The state of each service: what the supervisor of local processes has recorded, and what a probe
 * finds. Without a record, as in a container, the probe alone decides.
 */
export class ServiceSource {
  readonly #options: ServiceSourceOptions;
  readonly #logs: LogTails | undefined;
  /** By name, the state and when it was first observed. */
  readonly #since = new Map<string, { readonly state: string; readonly at: string }>();
  readonly #everReady = new Set<string>();

  constructor(options: ServiceSourceOptions) {
    this.#options = options;
    this.#logs = options.runDir === undefined ? undefined : new LogTails(options.runDir);
  }

  async read(topic: TopicFacts): Promise<readonly ServiceState[]> {
    const { services, runDir } = this.#options;
    const recorded = runDir === undefined ? undefined : await recordedServices(runDir);
    return Promise.all(services.map((service) => this.#stateOf(service, recorded?.get(service.name), topic)));
  }

  async #stateOf(
    { name, probe }: WatchedService,
    recorded: RecordedService | undefined,
    topic: TopicFacts,
  ): Promise<ServiceState> {
    const { placement } = this.#options;
    const log = (await this.#logs?.of(name)) ?? [];
    const ends = recorded !== undefined && recorded.state !== 'running' ? recorded.state : undefined;
    if (ends !== undefined && recorded) {
      const state = ends === 'restarting' ? 'starting' : ends;
      const { restarts, since, detail } = recorded;
      return { name, placement, state, restarts, since, detail, log };
    }
    const outcome = await probeService(probe, topic, AbortSignal.timeout(PROBE_TIMEOUT_MS));
    const state = this.#probedState(name, probe.kind, outcome, recorded !== undefined);
    return {
      ...{ name, placement, state },
      ...(recorded?.process && { pid: recorded.process.pid }),
      restarts: recorded?.restarts ?? null,
      since: recorded?.since ?? this.#firstSeen(name, state),
      detail: outcome.detail,
      log,
    };
  }

  /** A service that was ready and no longer answers has failed, unless a process of it is known. */
  #probedState(
    name: string,
    kind: WatchedService['probe']['kind'],
    { ready }: ProbeOutcome,
    isRunning: boolean,
  ): ServiceState['state'] {
    if (ready) this.#everReady.add(name);
    if (ready) return kind === 'created' ? 'completed' : 'ready';
    // The topic was created once; a broker that is gone does not undo that.
    if (kind === 'created' && this.#everReady.has(name)) return 'completed';
    return this.#everReady.has(name) && !isRunning ? 'failed' : 'starting';
  }

  #firstSeen(name: string, state: string): string {
    const known = this.#since.get(name);
    if (known?.state === state) return known.at;
    const at = new Date().toISOString();
    this.#since.set(name, { state, at });
    return at;
  }
}
