import type Docker from 'dockerode';
import type { ServiceName } from '../../services/service-name.ts';
import type { LogLine, LogOptions } from '../runtime.ts';
import { LogFrames, runBegin } from './container-log.ts';
import { sinceText } from './engine.ts';
import type { StackContainers } from './stack-containers.ts';

const NS_PER_MS = 1_000_000n;

/**
 * Yields what the containers wrote, service by service. With `follow` it goes on with new lines,
 * also of containers that start later, until the signal ends it.
 */
export async function* serviceLogs(
  docker: Docker,
  containers: StackContainers,
  { services, tail, sinceMs, follow, signal }: LogOptions,
): AsyncGenerator<LogLine> {
  const isWanted = (service: ServiceName) => services.length === 0 || services.includes(service);
  const queue = new LineQueue();
  /** The latest read of each container. */
  const reading = new Map<string, Promise<void>>();
  const abort = new AbortController();
  const readRun = async (id: string, service: ServiceName, range: LogRange) => {
    const options = {
      stdout: true,
      stderr: true,
      follow: true as const,
      abortSignal: abort.signal,
      ...range,
    };
    const frames = new LogFrames();
    const stream = await docker.getContainer(id).logs(options);
    for await (const chunk of stream) queue.add(service, frames.push(chunk as Buffer));
    queue.add(service, frames.end());
  };
  // The event of a restart may arrive before the last lines of the previous run, so the reads run
  // one after the other.
  const read = (id: string, service: ServiceName, range: LogRange): Promise<void> => {
    const next = (reading.get(id) ?? Promise.resolve()).then(() => readRun(id, service, range));
    reading.set(id, next);
    return next;
  };
  const before = new Map<string, Docker.ContainerInspectInfo>();
  const onAbort = () => queue.finish();
  const started = (id: string, service: ServiceName, since: string | undefined) =>
    read(id, service, since === undefined ? {} : { since }).catch((error: unknown) => queue.finish(error));
  const stopListening = follow
    ? await containers.onEvent(({ id, service, action }) => {
        if (action !== 'start' || !isWanted(service)) return;
        docker
          .getContainer(id)
          .inspect()
          .then((info) => {
            const since = runBegin(info, before.get(id), true);
            before.set(id, info);
            return started(id, service, since);
          })
          .catch((error: unknown) => queue.finish(error));
      })
    : () => undefined;
  try {
    for (const { service, info } of await containers.list()) {
      if (!isWanted(service)) continue;
      before.set(info.Id, info);
      const range: LogRange = {
        ...(tail !== undefined && { tail }),
        ...(sinceMs !== undefined && { since: sinceText(BigInt(Math.floor(sinceMs)) * NS_PER_MS) }),
      };
      if (follow && info.State.Running)
        void read(info.Id, service, range).catch((e: unknown) => queue.finish(e));
      else yield* past(docker, info.Id, service, range);
    }
    if (!follow) return;
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    yield* queue.lines();
  } finally {
    stopListening();
    signal.removeEventListener('abort', onAbort);
    abort.abort();
  }
}

/** A range of a log: its last lines, or those since a time by the engine's clock. */
interface LogRange {
  readonly tail?: number;
  readonly since?: string;
}

async function* past(
  docker: Docker,
  id: string,
  service: ServiceName,
  range: LogRange,
): AsyncGenerator<LogLine> {
  const options = { stdout: true, stderr: true, follow: false as const, ...range };
  const frames = new LogFrames();
  const answer = await docker.getContainer(id).logs(options);
  for (const text of [...frames.push(answer), ...frames.end()]) yield { service, text };
}

/** Merges the lines of several logs into one sequence. */
class LineQueue {
  readonly #lines: LogLine[] = [];
  #wake: () => void = () => undefined;
  #end: { readonly error?: unknown } | undefined;

  add(service: ServiceName, texts: readonly string[]): void {
    for (const text of texts) this.#lines.push({ service, text });
    this.#wake();
  }

  /** Ends the sequence, with an error unless it has ended already. */
  finish(error?: unknown): void {
    this.#end ??= { error };
    this.#wake();
  }

  async *lines(): AsyncGenerator<LogLine> {
    for (;;) {
      yield* this.#lines.splice(0);
      if (this.#end) {
        if (this.#end.error !== undefined) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        if (this.#lines.length > 0 || this.#end) resolve();
      });
    }
  }
}
