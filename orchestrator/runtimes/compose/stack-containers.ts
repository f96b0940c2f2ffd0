import type Docker from 'dockerode';
import { z } from 'zod';
import type { ServiceName } from '../../services/service-name.ts';
import { Changes } from '../../util/wait.ts';
import { LogTail, runBegin } from './container-log.ts';

/**
 * One container of the stack as the engine describes it, with the last lines of its present or last
 * process.
 */
export interface StackContainer {
  readonly service: ServiceName;
  readonly info: Docker.ContainerInspectInfo;
  readonly recentLines: readonly string[];
}

/** An event that the engine reports of a container. Source: Docker Engine API, "Monitor events". */
export interface ContainerEvent {
  readonly id: string;
  readonly service: ServiceName;
  /** `start`, `kill`, `die`, `destroy`, … */
  readonly action: string;
  /** Of `kill`: the signal's number. */
  readonly signal?: number;
  /** Of `die`. */
  readonly exitCode?: number;
  /** Unix time in ns by the engine's clock, exact to some 200 ns. */
  readonly timeNano: number;
}

/** Even without an event, cached observations are not used for longer. */
const TRUSTED_MS = 1000;

const engineEvent = z.object({
  Action: z.string(),
  timeNano: z.number(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
});

const LABEL = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  number: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
} as const;

/**
 * The containers of a Compose project. Observations are cached until the engine reports an event,
 * and logs are followed, so that an answer costs the engine nothing while nothing happens.
 */
export class StackContainers {
  readonly #docker: Docker;
  readonly #project: string;
  readonly #services: readonly ServiceName[];
  readonly #tails = new Map<string, LogTail>();
  /** The latest observation of each container, which shows when its previous run ended. */
  readonly #seen = new Map<string, Docker.ContainerInspectInfo>();
  #looked = false;
  readonly #listeners = new Set<(event: ContainerEvent) => void>();
  readonly #closed = new AbortController();
  /** Counts what the engine tells: events of containers, and lines of the logs that are followed. */
  readonly changes = new Changes();
  #events: Promise<void> | undefined;
  #lost: () => void = () => undefined;
  /** Resolves when the engine has ended the stream of events. */
  readonly lost = new Promise<void>((resolve) => {
    this.#lost = resolve;
  });
  readonly #eventsSince: number | undefined;
  #known:
    | { readonly containers: Promise<readonly Omit<StackContainer, 'recentLines'>[]>; readonly atMs: number }
    | undefined;

  /**
   * @param services the services whose containers are observed, in start order
   * @param eventsSince Unix ms from which on events are delivered, past ones included; from now on
   * when undefined
   */
  constructor(docker: Docker, project: string, services: readonly ServiceName[], eventsSince?: number) {
    this.#services = services;
    this.#docker = docker;
    this.#project = project;
    this.#eventsSince = eventsSince;
  }

  /** Whether the project has any container; inspects none of them. */
  async isEmpty(): Promise<boolean> {
    return (await this.#found()).length === 0;
  }

  /**
   * Returns every container of every service, by service and number.
   * @param options.follow whether new lines count as changes from now on
   */
  async list(
    { follow }: { readonly follow: boolean } = { follow: false },
  ): Promise<readonly StackContainer[]> {
    await this.#listening();
    if (!this.#known || performance.now() - this.#known.atMs > TRUSTED_MS) {
      const known = { containers: this.#inspectAll(), atMs: performance.now() };
      known.containers.catch(() => {
        if (this.#known === known) this.#known = undefined;
      });
      this.#known = known;
    }
    const containers = await this.#known.containers;
    const found = await Promise.all(
      containers.map(async ({ service, info }) => ({
        service,
        info,
        recentLines: await this.#linesOf(info, follow),
      })),
    );
    this.#looked = true;
    return found;
  }

  /** Clears the cache after a change. */
  changed(): void {
    this.#known = undefined;
    this.changes.note();
  }

  /** Calls the listener for every event once the stream of events is open. */
  async onEvent(listener: (event: ContainerEvent) => void): Promise<() => void> {
    this.#listeners.add(listener);
    try {
      await this.#listening();
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    return () => this.#listeners.delete(listener);
  }

  /**
   * Whether the engine has stopped a container, by the latest events, which the engine keeps. This
   * also works when the event of the stop has not arrived here yet.
   * @param from,to Unix ns by the engine's clock; `to` must not be in the future, since the engine
   * would wait for it
   */
  async wasStopped(id: string, from: number, to: number): Promise<boolean> {
    const stops = await this.#docker.getEvents({
      filters: { container: [id], event: ['stop'] },
      since: from / 1e9,
      until: to / 1e9,
      abortSignal: this.#closed.signal,
    });
    let text = '';
    for await (const chunk of stops) text += String(chunk);
    return text !== '';
  }

  /** Ends every connection. */
  close(): void {
    this.#closed.abort();
    for (const tail of this.#tails.values()) tail.close();
  }

  #found(): Promise<Docker.ContainerInfo[]> {
    return this.#docker.listContainers({
      all: true,
      filters: { label: [`${LABEL.project}=${this.#project}`, `${LABEL.oneOff}=False`] },
    });
  }

  async #inspectAll() {
    const numbered = (await this.#found())
      .flatMap(({ Id, Labels }) => {
        const service = this.#serviceOf(Labels);
        return service ? [{ id: Id, service, number: Number(Labels[LABEL.number]) }] : [];
      })
      .sort(
        (a, b) =>
          this.#services.indexOf(a.service) - this.#services.indexOf(b.service) || a.number - b.number,
      );
    const inspected = await Promise.all(
      numbered.map(async ({ id, service }) => {
        const info = await absentAsUndefined(this.#docker.getContainer(id).inspect());
        return info ? [{ service, info }] : [];
      }),
    );
    return inspected.flat();
  }

  /**
   * A tail belongs to one start of a container: a restart begins with none of the earlier lines.
   */
  async #linesOf(info: Docker.ContainerInspectInfo, follow: boolean): Promise<readonly string[]> {
    let tail = this.#tails.get(info.Id);
    const before = this.#seen.get(info.Id);
    this.#seen.set(info.Id, info);
    if (tail?.startedAt !== info.State.StartedAt) {
      tail?.close();
      const since = runBegin(info, before, this.#looked);
      const container = this.#docker.getContainer(info.Id);
      tail = new LogTail(container, info.State.StartedAt, since, this.changes);
      this.#tails.set(info.Id, tail);
    }
    return (
      (await absentAsUndefined(
        tail.lines({ running: info.State.Running && !info.State.Restarting, follow }),
      )) ?? []
    );
  }

  /**
   * Opens the stream of events unless it is open. A failed attempt is not kept: the next call asks
   * the engine again.
   */
  async #listening(): Promise<void> {
    const events = this.#events ?? this.#listen();
    this.#events = events;
    try {
      await events;
    } catch (error) {
      if (this.#events === events) this.#events = undefined;
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const stream = await this.#docker.getEvents({
      filters: { type: ['container'], label: [`${LABEL.project}=${this.#project}`] },
      ...(this.#eventsSince !== undefined && { since: Math.floor(this.#eventsSince / 1000) }),
      abortSignal: this.#closed.signal,
    });
    let rest = '';
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#report(line);
    });
    const again = () => {
      this.changed();
      this.#events = undefined;
      this.#lost();
    };
    stream.on('error', again);
    stream.on('close', again);
  }

  #report(line: string): void {
    if (line.trim() === '') return;
    const { Action, Actor, timeNano } = engineEvent.parse(JSON.parse(line));
    // Health checks cause events every second and change nothing that is reported here.
    if (Action.startsWith('exec_')) return;
    this.changed();
    const { ID: id, Attributes: attributes } = Actor;
    const service = this.#serviceOf(attributes);
    if (!service) return;
    const event: ContainerEvent = {
      id,
      service,
      action: Action,
      timeNano,
      ...(attributes['signal'] !== undefined && { signal: Number(attributes['signal']) }),
      ...(attributes['exitCode'] !== undefined && { exitCode: Number(attributes['exitCode']) }),
    };
    for (const listener of this.#listeners) listener(event);
  }

  #serviceOf(labels: Readonly<Record<string, string>>): ServiceName | undefined {
    return this.#services.find((name) => name === labels[LABEL.service]);
  }
}

/** A container may be removed during the request: 404 means gone, 409 means in removal. */
async function absentAsUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if ([404, 409].includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined;
    throw error;
  }
}
