import { StringDecoder } from 'node:string_decoder';
import type Docker from 'dockerode';
import type { Changes } from '../../util/wait.ts';
import { isNever, nanosecondsOf, sinceText } from './engine.ts';

/** Lines that an observation carries. */
const TAIL_LINES = 50;

/** The last lines of one run of a container, from its start on. */
export class LogTail {
  /** The time of that start by the engine's clock. */
  readonly startedAt: string;
  readonly #since: string | undefined;
  readonly #container: Docker.Container;
  readonly #changes: Changes;
  readonly #closed = new AbortController();
  #followed: { readonly lines: string[]; total: number } | undefined;
  #asked = 0;

  /**
   * @param since the engine's time before which no line is of this run; undefined when every line
   * is
   * @param changes counts the lines that are followed
   */
  constructor(container: Docker.Container, startedAt: string, since: string | undefined, changes: Changes) {
    this.#container = container;
    this.#changes = changes;
    this.startedAt = startedAt;
    this.#since = since;
  }

  /**
   * @param running whether more lines can come; if so, the next call continues from a followed log
   * @param follow whether this call already follows the log
   */
  async lines({
    running,
    follow,
  }: {
    readonly running: boolean;
    readonly follow: boolean;
  }): Promise<readonly string[]> {
    const followed = this.#followed;
    if (followed && running && followed.total >= this.#asked) return followed.lines.slice();
    if (isNever(this.startedAt)) return [];
    const answer = await this.#container.logs({ ...this.#range(), follow: false });
    const lines = linesOf(answer);
    if (running && !followed && (follow || this.#asked > 0)) await this.#follow();
    // Until the followed log has caught up with these lines, it is behind.
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
      if (lines.length > 0) this.#changes.note();
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

const HEADER_BYTES = 8;

/**
 * Decodes the output that the engine sends of a container without a terminal: frames of a header
 * (stream, three zero bytes, length as big-endian 32 bits) and that many bytes of output. Source:
 * Docker Engine API, "Attach to a container", stream format. docker-modem's `demuxStream` takes a
 * step of recursion for each frame: it overflows the stack where a chunk has some 3,500 of them, and
 * a whole log is one chunk.
 */
export class LogFrames {
  readonly #streams = new Map<number, { readonly decoder: StringDecoder; rest: string }>();
  #pending: Buffer = Buffer.alloc(0);

  /**
   * @returns the lines that are complete now, of standard output and error in the order of their
   * arrival
   */
  push(chunk: Buffer): string[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const lines: string[] = [];
    while (this.#pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + this.#pending.readUInt32BE(4);
      if (this.#pending.length < end) break;
      lines.push(...this.#lines(this.#pending[0] ?? 0, this.#pending.subarray(HEADER_BYTES, end)));
      this.#pending = this.#pending.subarray(end);
    }
    return lines;
  }

  /** @returns the output that has no line end */
  end(): string[] {
    return [...this.#streams.values()].map(({ rest }) => rest).filter((rest) => rest !== '');
  }

  #lines(id: number, payload: Buffer): string[] {
    let stream = this.#streams.get(id);
    if (!stream) {
      stream = { decoder: new StringDecoder('utf8'), rest: '' };
      this.#streams.set(id, stream);
    }
    const parts = (stream.rest + stream.decoder.write(payload)).split('\n');
    stream.rest = parts.pop() ?? '';
    return parts.map((line) => line.replace(/\r$/, ''));
  }
}

/** Returns the lines of a complete answer. */
export function linesOf(answer: Buffer): string[] {
  const frames = new LogFrames();
  return [...frames.push(answer), ...frames.end()];
}

/**
 * A process may write before the engine has recorded its start. The process before it ended longer
 * ago.
 */
const NOTED_LATE_NS = 200_000_000n;

/**
 * Returns the time from which the lines of a container are of its present or last run, as the log's
 * `since`.
 * @param before an earlier observation of the container
 * @param looked whether all containers were observed before, so that one without an earlier
 * observation is new
 * @returns undefined when all lines are of that run
 */
export function runBegin(
  { State }: Docker.ContainerInspectInfo,
  before: Docker.ContainerInspectInfo | undefined,
  looked: boolean,
): string | undefined {
  const start = nanosecondsOf(State.StartedAt);
  // While a container runs, the engine still reports when the previous run ended.
  const last = State.Running && !State.Restarting ? State : before?.State.Running ? undefined : before?.State;
  if (!last) return looked && !before ? undefined : sinceText(start - NOTED_LATE_NS);
  if (isNever(last.FinishedAt)) return undefined;
  // The last lines are recorded a little after the end, the first ones a little before the start.
  return sinceText((nanosecondsOf(last.FinishedAt) + start) / 2n);
}
