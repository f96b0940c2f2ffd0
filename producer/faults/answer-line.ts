import type { OutgoingRecord, RecordTrace } from '../record.ts';

/** What can be read from the value as it was sent, whatever was done to it. */
function readable(value: string | null): { txn_id: string | null; event_ts: string | null } {
  const members = membersOf(value);
  const text = (name: string): string | null => {
    const member = members[name];
    return typeof member === 'string' ? member : null;
  };
  return { txn_id: text('txn_id'), event_ts: text('event_ts') };
}

function membersOf(value: string | null): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(value ?? 'null') as Record<string, unknown> | null) ?? {};
  } catch (error) {
    // Broken on purpose.
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** A line of the answer key about a record whose place in the topic is known. */
export function answerLine({ value }: OutgoingRecord, trace: RecordTrace): string {
  const { fault, reason = null, original, placement } = trace;
  return JSON.stringify({
    ...placement,
    fault,
    expected_sink: reason === null ? 'silver' : 'quarantine',
    expected_reason: reason,
    ...readable(value),
    ...(fault === 'duplicate' && { duplicate_of: original?.placement ?? null }),
  });
}

/** A line about a record of which it is not known whether and where it is in the topic. */
export function unknownLine({ value, trace }: OutgoingRecord, partition: number, why: string): string {
  return JSON.stringify({ unknown: { partition, fault: trace?.fault, ...readable(value), why } });
}
