import type Docker from 'dockerode';
import { isNever } from './engine-time.ts';
import { LogFrames, linesOf } from './log-frames.ts';

/** Lines that an observation carries. */
const TAIL_LINES = 50;

/** The last lines of one run of a container, from its start on. */
export class LogTail {
  /** The engine's time of that start. */
  readonly startedAt: string;
  readonly #since: string | undefined;
  readonly #container: Docker.Container;
  readonly #closed = new AbortController();
  #followed: { readonly lines: string[]; total: number } | undefined;
  #asked = 0;

  /** @param since the engine's time before which nothing is this run's; undefined when everything is */
  constructor(container: Docker.Container, startedAt: string, since: string | undefined) {
    this.#container = container;
    this.startedAt = startedAt;
    this.#since = since;
  }

  /** @param running whether more can come: then, when asked again, the log is followed from there on */
  async lines(running: boolean): Promise<readonly string[]> {
    const followed = this.#followed;
    if (followed && running && followed.total >= this.#asked) return followed.lines.slice();
    if (isNever(this.startedAt)) return [];
    const answer = await this.#container.logs({ ...this.#range(), follow: false });
    const lines = linesOf(answer);
    if (running && !followed && this.#asked > 0) await this.#follow();
    // Until the followed log has caught up with what was seen here, it is behind.
    this.#asked = Math.max(lines.length, 1);
    return lines;
  }

  close(): void {
    this.#closed.abort();
  }

  async #follow(): Promise<void> {
    const followed = { lines: [] as string[], total: 0 };
    this.#followed = followed;
    const frames = new LogFrames();
    const stream = await this.#container.logs({
      ...this.#range(),
      follow: true,
      abortSignal: this.#closed.signal,
    });
    stream.on('data', (chunk: Buffer) => {
      const lines = frames.push(chunk);
      followed.total += lines.length;
      followed.lines.push(...lines);
      followed.lines.splice(0, followed.lines.length - TAIL_LINES);
    });
    const lost = () => {
      this.#followed = undefined;
    };
    stream.on('error', lost);
    stream.on('close', lost);
  }

  #range() {
    return { stdout: true, stderr: true, tail: TAIL_LINES, ...(this.#since && { since: this.#since }) };
  }
}
