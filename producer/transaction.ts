import { z } from 'zod';
import { isExactAmount } from './amount-text.ts';
import { isIsoTime } from './iso-time.ts';
import { type JsonMembers, readJsonMembers } from './json-members.ts';

/** A transaction as the producer writes it: every field there, nothing else. */
export const transactionSchema = z.strictObject({
  txn_id: z.uuid(),
  /** ISO-8601 with a numeric offset. */
  event_ts: z.iso.datetime({ offset: true }),
  user_id: z.string().min(1),
  card_id: z.string().min(1),
  merchant: z.string().min(1),
  category: z.string().min(1),
  /** In units of the currency, at most two decimals. */
  amount: z.number().positive(),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  status: z.enum(['approved', 'declined', 'reversed']),
  city: z.string().min(1),
  /** ISO 3166-1 alpha-2. */
  country: z.string().regex(/^[A-Z]{2}$/),
  /** Degrees, WGS 84. */
  lat: z.number().min(-90).max(90),
  lon: z.number().min(-180).max(180),
});

/** One card transaction. */
export type Transaction = z.infer<typeof transactionSchema>;

/** Why the job quarantines a value; of several reasons the first of this order counts. */
type QuarantineReason =
  | 'null_value'
  | 'not_json_object'
  | 'missing_txn_id'
  | 'missing_card_id'
  | 'missing_event_ts'
  | 'bad_event_ts'
  | 'missing_amount'
  | 'bad_amount'
  | 'wrong_type';

const TEXT_FIELDS = [
  'txn_id',
  'user_id',
  'card_id',
  'merchant',
  'category',
  'currency',
  'status',
  'city',
  'country',
] as const;
const NUMBER_FIELDS = ['lat', 'lon'] as const;

const INTEGER = /^-?\d+$/;
const NUMBER = /^-?\d/;

const isMissing = (source: string | undefined): boolean => source === undefined || source === 'null';
/** The job takes an integer where it expects text, as its digits. */
const isText = (source: string): boolean => source.startsWith('"') || INTEGER.test(source);
const isFiniteNumber = (source: string): boolean => NUMBER.test(source) && Number.isFinite(Number(source));
const isEventTime = (source: string): boolean => source.startsWith('"') && isIsoTime(JSON.parse(source));

function hasWrongType(members: JsonMembers): boolean {
  const fits = (name: string, isRight: (source: string) => boolean): boolean => {
    const source = members.get(name);
    return source === undefined || source === 'null' || isRight(source);
  };
  return (
    !TEXT_FIELDS.every((name) => fits(name, isText)) ||
    !NUMBER_FIELDS.every((name) => fits(name, isFiniteNumber))
  );
}

/** Why the job would quarantine this value of a record (null: a tombstone); undefined when it makes a silver row. */
export function quarantineReason(value: string | null): QuarantineReason | undefined {
  if (value === null) return 'null_value';
  const members = readJsonMembers(value);
  if (!members) return 'not_json_object';
  if (isMissing(members.get('txn_id'))) return 'missing_txn_id';
  if (isMissing(members.get('card_id'))) return 'missing_card_id';
  const eventTime = members.get('event_ts');
  if (eventTime === undefined || isMissing(eventTime)) return 'missing_event_ts';
  if (!isEventTime(eventTime)) return 'bad_event_ts';
  const amount = members.get('amount');
  if (amount === undefined || isMissing(amount)) return 'missing_amount';
  if (!isExactAmount(amount)) return 'bad_amount';
  return hasWrongType(members) ? 'wrong_type' : undefined;
}

/** Accepts exactly the values of records that the job makes silver rows of; an issue's message is the reason. */
export const silverValueSchema = z
  .string()
  .nullable()
  .superRefine((value, context) => {
    const reason = quarantineReason(value);
    if (reason) context.addIssue({ code: 'custom', message: reason });
  });
