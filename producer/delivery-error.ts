/**
 * What a failed attempt to send a batch says about the batch:
 * - `retry`: perhaps written, perhaps not. Sent again with the same producer id and sequence number, a batch
 *   that was written is recognised by the broker and not written twice.
 * - `renew`: not written, and the broker will accept nothing more from this producer id.
 * - `written`: the broker has it already.
 * - `refused`: not written, and sending it again would change nothing.
 */
type Verdict = 'retry' | 'renew' | 'written' | 'refused';

// Names of https://kafka.apache.org/protocol.html#protocol_error_codes as kafkajs carries them in `type`.
// PRODUCER_FENCED and others that kafkajs does not know come as KAFKAJS_UNKNOWN_ERROR_CODE: retried, and said.
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

/** An error and what caused it, outermost first: kafkajs wraps the broker's answer when its own retries end. */
function* chainOf(error: unknown): Generator<object> {
  const seen = new Set<unknown>();
  for (let link = error; link instanceof Error && !seen.has(link); link = link.cause) {
    seen.add(link);
    yield link;
  }
}

/** The broker's error code by name, `undefined` when the broker has not answered with one. */
export function brokerErrorType(error: unknown): string | undefined {
  for (const link of chainOf(error)) {
    if ('type' in link && typeof link.type === 'string') return link.type;
  }
  return undefined;
}

/** What is to be done with a batch after this error. */
export function judge(error: unknown): Verdict {
  return VERDICTS[brokerErrorType(error) ?? ''] ?? 'retry';
}

/** One line for people: the broker's name for the error, if it gave one, and the innermost message. */
export function describe(error: unknown): string {
  const type = brokerErrorType(error);
  const innermost = [...chainOf(error)].at(-1);
  const message = innermost instanceof Error ? innermost.message : String(error);
  return type === undefined || message.includes(type) ? message : `${message} (${type})`;
}
