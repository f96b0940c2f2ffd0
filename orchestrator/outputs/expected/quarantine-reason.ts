/** Why a value is quarantined; of several reasons the first of this order counts. */
export const QUARANTINE_REASONS = [
  'null_value',
  'not_json_object',
  'missing_txn_id',
  'missing_card_id',
  'missing_event_ts',
  'bad_event_ts',
  'missing_amount',
  'bad_amount',
  'wrong_type',
] as const;

export type QuarantineReason = (typeof QUARANTINE_REASONS)[number];
