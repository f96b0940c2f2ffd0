import { ProducerError } from '../errors.ts';
import type { OutgoingRecord } from '../generate/event-source.ts';
import type { KafkaRecord } from './kafka-record.ts';
import { pause } from './pace.ts';
import type { Batch } from './record-encoding.ts';

/** Problems in the delivery of batches. Every detail is one line. */
export interface DeliveryEvents<R extends KafkaRecord = OutgoingRecord> {
  /** An attempt failed and is repeated after a pause. */
  retrying(partition: number, detail: string): void;
  /**
   * The producer id was replaced by a new one. Because of that the records of `mayDouble` may be
   * written twice.
   */
  renewed(partition: number, detail: string, mayDouble: readonly R[]): void;
}

/** The broker has a batch. */
export interface Receipt {
  /**
   * Offset of the batch's first record. The others follow it. Undefined when the broker has not
   * named it.
   */
  readonly baseOffset: number | undefined;
}

const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 2000;
/**
 * kafkajs's own timeouts end an attempt long before this. An attempt that is still open then never
 * ends.
 */
const ATTEMPT_TIMEOUT_MS = 180_000;
/**
 * Half of the int32 sequence numbers: kafkajs and the broker disagree about the number after the
 * last one.
 */
const RECORDS_OF_A_SESSION = 2 ** 30;

class AttemptNeverEnded extends Error {
  constructor() {
    super(`an attempt to send did not end within ${ATTEMPT_TIMEOUT_MS / 1000} s`);
  }
}

const refusal = (partition: number, batch: Batch<KafkaRecord>, error: unknown): ProducerError =>
  new ProducerError(
    `the broker refused ${batch.records.length} records (${batch.bytes} bytes) for partition ${partition}${linesOf(batch.records)}: ${describe(error)}`,
    "check the topic's settings (max.message.bytes) and this client's rights to write to it, then start the producer again",
    { cause: error },
  );

/** The lines of the input that the records were read from, if they were. */
function linesOf(records: readonly KafkaRecord[]): string {
  const [first, last] = [records[0]?.line, records.at(-1)?.line];
  if (first === undefined || last === undefined) return '';
  return first === last
    ? `, line ${first} of the input`
    : `, among the lines ${first} to ${last} of the input`;
}

/**
 * Delivers batches to one partition, each exactly once as far as the protocol allows. A batch whose
 * outcome is unknown is sent again under the same producer id and sequence number, so that the
 * broker keeps one copy. This also holds over a crash of the broker, which rebuilds its state of
 * producer ids from its log. A new producer id is used only when the broker has said that the batch
 * is not written (nothing doubles), or when an attempt never ended (the batch may double, and that
 * is reported).
 */
export class Delivery<R extends KafkaRecord = OutgoingRecord> {
  readonly #partition: number;
  readonly #open: OpenSession;
  readonly #events: DeliveryEvents<R>;
  #session: Session | undefined;
  #recordsOfSession = 0;

  constructor(partition: number, open: OpenSession, events: DeliveryEvents<R>) {
    this.#partition = partition;
    this.#open = open;
    this.#events = events;
  }

  /**
   * Resolves when the broker has the batch, or with undefined when the signal was aborted before
   * that. Only one call may run at a time. A batch without records opens the session and loads
   * metadata, as a warm-up.
   *
   * @throws {ProducerError} when no retry can make the broker accept the batch
   */
  async deliver(batch: Batch<R>, signal: AbortSignal): Promise<Receipt | undefined> {
    if (this.#recordsOfSession + batch.records.length > RECORDS_OF_A_SESSION) this.#forgetSession();
    let backoffMs = FIRST_BACKOFF_MS;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const baseOffset = await this.#attempt(batch, attempt > 1);
        this.#recordsOfSession += batch.records.length;
        return { baseOffset };
      } catch (error) {
        const verdict = classifyError(error);
        if (verdict === 'written') return { baseOffset: undefined };
        if (verdict === 'refused') throw refusal(this.#partition, batch, error);
        if (verdict === 'renew') this.#renew(describe(error), []);
        if (error instanceof AttemptNeverEnded) this.#renew(describe(error), batch.records);
        this.#events.retrying(this.#partition, describe(error));
      }
      await pause(backoffMs, signal);
      backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }

  async #attempt(batch: Batch<R>, reconnectFirst: boolean): Promise<number | undefined> {
    const over = new AbortController();
    const attempt = async (): Promise<number | undefined> => {
      let session = this.#session;
      if (session && reconnectFirst) await session.reconnect();
      session ??= await this.#open(this.#partition);
      // The attempt was abandoned in the meantime. Anything it did now would interfere with the
      // next attempt.
      if (over.signal.aborted) {
        await session.close();
        return undefined;
      }
      this.#session = session;
      return session.send(batch.records);
    };
    const timeout = pause(ATTEMPT_TIMEOUT_MS, over.signal).then(() => {
      if (!over.signal.aborted) throw new AttemptNeverEnded();
      return undefined;
    });
    try {
      return await Promise.race([attempt(), timeout]);
    } finally {
      over.abort();
    }
  }

  #renew(detail: string, mayDouble: readonly R[]): void {
    this.#forgetSession();
    this.#events.renewed(this.#partition, detail, mayDouble);
  }

  #forgetSession(): void {
    // Nobody waits for this session any more, so errors from closing it are ignored.
    this.#session?.close().catch(() => undefined);
    this.#session = undefined;
    this.#recordsOfSession = 0;
  }
}

/**
 * What a failed attempt to send a batch means for the batch:
 * - `retry`: it may or may not be written. Sent again with the same producer id and sequence
 *   number, a written batch is recognised by the broker and not written twice.
 * - `renew`: it is not written, and the broker will accept nothing more from this producer id.
 * - `written`: the broker has it already.
 * - `refused`: it is not written, and sending it again would change nothing.
 */
type Verdict = 'retry' | 'renew' | 'written' | 'refused';

// Names from https://kafka.apache.org/protocol.html#protocol_error_codes as kafkajs has them in
// `type`. PRODUCER_FENCED and others that kafkajs does not know arrive as
// KAFKAJS_UNKNOWN_ERROR_CODE. They are retried and reported.
const VERDICTS: Readonly<Record<string, Verdict>> = {
  DUPLICATE_SEQUENCE_NUMBER: 'written',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'renew',
  UNKNOWN_PRODUCER_ID: 'renew',
  INVALID_PRODUCER_EPOCH: 'renew',
  INVALID_PRODUCER_ID_MAPPING: 'renew',
  MESSAGE_TOO_LARGE: 'refused',
  RECORD_LIST_TOO_LARGE: 'refused',
  INVALID_TOPIC_EXCEPTION: 'refused',
  INVALID_REQUIRED_ACKS: 'refused',
  INVALID_TIMESTAMP: 'refused',
  TOPIC_AUTHORIZATION_FAILED: 'refused',
  CLUSTER_AUTHORIZATION_FAILED: 'refused',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 'refused',
  UNSUPPORTED_VERSION: 'refused',
  POLICY_VIOLATION: 'refused',
};

/**
 * An error and its causes, outermost first. kafkajs wraps the broker's answer when its own retries
 * end.
 */
function* chainOf(error: unknown): Generator<object> {
  const seen = new Set<unknown>();
  for (let link = error; link instanceof Error && !seen.has(link); link = link.cause) {
    seen.add(link);
    yield link;
  }
}

/** The name of the broker's error code. Undefined when the broker did not answer with one. */
export function brokerErrorType(error: unknown): string | undefined {
  for (const link of chainOf(error)) {
    if ('type' in link && typeof link.type === 'string') return link.type;
  }
  return undefined;
}

/** What to do with a batch after this error. */
export function classifyError(error: unknown): Verdict {
  return VERDICTS[brokerErrorType(error) ?? ''] ?? 'retry';
}

/**
 * One line for people: the broker's name for the error, if there is one, and the innermost message.
 */
export function describe(error: unknown): string {
  const type = brokerErrorType(error);
  const innermost = [...chainOf(error)].at(-1);
  const message = innermost instanceof Error ? innermost.message : String(error);
  return type === undefined || message.includes(type) ? message : `${message} (${type})`;
}

/**
 * An idempotent producer id at the broker, as one partition uses it. After `send` failed, it may be
 * called again only with the same records. The broker recognises a repeated batch by its sequence
 * number alone: it would take a different batch under that number for the one it has, and drop it.
 */
export interface Session {
  /**
   * Resolves when every in-sync replica has the records, with the offset of the first, or with
   * undefined when the broker has not named it. Rejects when it is unknown whether they have them.
   */
  send(records: readonly KafkaRecord[]): Promise<number | undefined>;
  /** Drops its connections and makes new ones. The producer id and its sequence numbers stay. */
  reconnect(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a session for a partition with a new producer id. Rejects when the broker does not answer.
 */
export type OpenSession = (partition: number) => Promise<Session>;
