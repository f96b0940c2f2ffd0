import { Agent, get } from 'node:http';
import type { Address } from './ports.ts';
import { messageOf, ProductError } from './product-error.ts';
import { userCommand } from './user-command.ts';
import { Changes, pause } from './wait.ts';

/**
 * The first bound of an attempt. Each attempt that exceeds its bound doubles it, as a busy machine
 * may need longer to answer.
 */
const FIRST_ATTEMPT_TIMEOUT_MS = 500;

/** How the awaited service has ended; `undefined` code when a signal ended it. */
export interface EarlyExit {
  readonly detail: string;
}

export interface ReadinessOptions {
  /** Bounds the whole wait, from the first attempt. */
  readonly timeoutMs: number;
  /** Pause between two attempts; attempts never overlap. */
  readonly intervalMs: number;
  /** Yields at each change of what the probe looks at. A change ends the pause. */
  readonly changes?: (signal: AbortSignal) => AsyncIterable<unknown>;
  /**
   * Bound of one attempt: a probe that hangs is aborted and counts as not ready. The first attempts
   * get less time. Container engines accept connections for a service that does not listen yet, and
   * such a connection is never answered.
   */
  readonly attemptTimeoutMs: number;
  /** Its abort ends the wait at once. */
  readonly signal: AbortSignal;
  /** Resolves when the service has ended for good, which ends the wait at once. */
  readonly exited?: (signal: AbortSignal) => Promise<EarlyExit>;
  /** Called whenever the detail changes, for progress displays. */
  readonly onDetail?: (detail: string) => void;
}

/**
 * Waits until a probe answers ready. Success, the service's end, abort and the deadline race; the
 * first of them ends the wait and every open attempt.
 * @returns the detail of the answer that was ready
 * @throws ProductError GATE_TIMEOUT, SERVICE_EXITED; the signal's reason when aborted
 */
export async function waitUntilReady(probe: Probe, options: ReadinessOptions): Promise<string> {
  const ended = new AbortController();
  const within = AbortSignal.any([options.signal, ended.signal]);
  let lastDetail = 'not asked yet';
  const noteDetail = (detail: string) => {
    if (detail !== lastDetail) options.onDetail?.(detail);
    lastDetail = detail;
  };

  const changed = new Changes();
  const listen = async (changes: (signal: AbortSignal) => AsyncIterable<unknown>): Promise<never> => {
    await changed.follow(changes(within));
    return rejectOnAbort(within);
  };
  const attempts = async (): Promise<string> => {
    let boundMs = Math.min(FIRST_ATTEMPT_TIMEOUT_MS, options.attemptTimeoutMs);
    for (;;) {
      within.throwIfAborted();
      const seen = changed.count;
      const answer = await attempt(probe, boundMs, within);
      if (answer === 'hung') {
        noteDetail(`no answer within ${seconds(boundMs)}`);
        boundMs = Math.min(2 * boundMs, options.attemptTimeoutMs);
        await changed.after(seen, within, options.intervalMs);
        continue;
      }
      noteDetail(answer.detail);
      if (answer.ready) return answer.detail;
      await changed.after(seen, within, options.intervalMs);
    }
  };
  const deadline = async (): Promise<never> => {
    await pause(options.timeoutMs, within);
    throw new ProductError('GATE_TIMEOUT', {
      message: `${probe.name} was not ready after ${seconds(options.timeoutMs)}: ${lastDetail}.`,
      hint: `See \`${userCommand('logs')}\` for the services and \`${userCommand('doctor')}\` for the machine.`,
    });
  };
  const exit = async (exited: (signal: AbortSignal) => Promise<EarlyExit>): Promise<never> => {
    const { detail } = await exited(within);
    throw new ProductError('SERVICE_EXITED', {
      message: `${probe.name} cannot become ready: ${detail}; last seen: ${lastDetail}.`,
      hint: `See \`${userCommand('logs')}\` for its output.`,
    });
  };

  try {
    const racers = [attempts(), deadline()];
    if (options.exited) racers.push(exit(options.exited));
    if (options.changes) racers.push(listen(options.changes));
    // The losers reject with the abort's reason once `ended` fires; Promise.race has settled by
    // then.
    for (const racer of racers) racer.catch(() => undefined);
    return await Promise.race(racers);
  } finally {
    ended.abort(new Error('the wait is over'));
  }
}

/**
 * Makes one bounded attempt. It catches a hang and an exception of the probe, but not an abort of
 * the whole wait.
 */
async function attempt(probe: Probe, timeoutMs: number, within: AbortSignal): Promise<ProbeAnswer | 'hung'> {
  const bound = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([within, bound]);
  const check = (async () => probe.check(signal))();
  check.catch(() => undefined);
  try {
    return await Promise.race([check, rejectOnAbort(signal)]);
  } catch (error) {
    within.throwIfAborted();
    if (bound.aborted) return 'hung';
    return { ready: false, detail: messageOf(error) };
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;

/** One answer of a probe. `detail` is the reason: why it is not ready, or why it is. */
export interface ProbeAnswer {
  readonly ready: boolean;
  readonly detail: string;
}

/**
 * One way to ask whether something is ready. The given signal bounds an attempt. A probe that
 * throws counts as not ready, with the error's message as detail.
 */
export interface Probe {
  /** What is asked, as a noun phrase: "ZooKeeper at 127.0.0.1:2181". */
  readonly name: string;
  /**
   * Whether it reads what the service itself has written. A runtime tells of new lines, so there is
   * no need to ask often.
   */
  readonly readsOutput?: true;
  check(signal: AbortSignal): Promise<ProbeAnswer>;
}

export const ready = (detail: string): ProbeAnswer => ({ ready: true, detail });
export const notReady = (detail: string): ProbeAnswer => ({ ready: false, detail });

/**
 * The process's own agents, and `fetch`, may lead to a proxy (NODE_USE_ENV_PROXY). Services on this
 * machine are asked directly.
 */
export const direct = new Agent();

/**
 * Reads a page of a service of the stack.
 * @param mostCharacters a longer one is an error
 * @throws Error when it does not answer with 200; the signal's reason
 */
export function readPage(
  { host, port }: Address,
  path: string,
  signal: AbortSignal,
  mostCharacters = Number.POSITIVE_INFINITY,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, path, agent: direct, signal }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`its page answers with HTTP ${response.statusCode}`));
        return;
      }
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > mostCharacters) request.destroy(new Error('its answer is too long'));
      });
      response.on('error', reject);
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
}

/**
 * Reads a JSON page, likewise.
 * @throws Error when it is no JSON
 */
export async function readJson(...page: Parameters<typeof readPage>): Promise<unknown> {
  return JSON.parse(await readPage(...page));
}
