/**
 * Values of the fixtures whose outcome the contract's rules change, with their reason now (null: silver) and the rule. Everything else about the
 * fixtures holds as it is. The job's tests have the same list; it goes once the fixtures have these outcomes.
 */
type Changes = Readonly<Record<string, { readonly reason: string | null; readonly rule: string }>>;

const HEADER = 'a zero byte and four more are a Schema Registry header';
const REQUIRED = 'a required field of another type is bad_<field>, whatever its type';
const NUMBER_AS_TEXT = 'a JSON number is taken as the text of a text field, with a fraction or exponent, too';
const TEXT_AS_DECIMAL = 'a decimal may be the same number as text';
const TIMES = 'T may be small or a blank, Z small, seconds left out, an offset of hours alone';
const LAST = 'the last of several members of one name counts';
const DEPTH = '999 levels within the event are no more than 1,000 in all';

const TEXT_FIELDS = ['user_id', 'merchant', 'category', 'currency', 'status', 'city', 'country'];

function changes(rule: string, reason: string | null, names: readonly string[]): Changes {
  return Object.fromEntries(names.map((name) => [name, { reason, rule }]));
}

/** By the name of the value in poison-corpus.jsonl. */
export const CHANGED_POISON: Changes = {
  ...changes(HEADER, 'schema_registry_header', [
    'a null byte before the event',
    'a magic byte and a schema id before the event',
    'a megabyte of null bytes',
    'the event in UTF-16, big endian',
    'every byte',
  ]),
  ...changes(DEPTH, null, ['999 arrays within the event', '999 objects within the event']),
  ...changes(TEXT_AS_DECIMAL, null, [
    'the amount "1"',
    'the amount "1.5"',
    'the amount "1e5"',
    'amount twice, first a text',
    'amount twice, last a text',
  ]),
  ...changes(LAST, null, ['lat twice, first a text']),
  ...changes(NUMBER_AS_TEXT, null, [
    ...['txn_id', 'card_id', ...TEXT_FIELDS].flatMap((name) => [`${name} 1.5`, `${name} 1e3`]),
    'user_id as 1e400',
    'user_id as 1e999999999',
    'user_id as 0.0',
  ]),
  ...changes(REQUIRED, 'bad_txn_id', ['txn_id true', 'txn_id []', 'txn_id {"a":"b"}']),
  ...changes(REQUIRED, 'bad_card_id', ['card_id true', 'card_id []', 'card_id {"a":"b"}']),
  ...changes(
    TIMES,
    null,
    [
      '2026-01-01T00:00',
      '2026-01-01T00:00Z',
      '2026-01-01t00:00:00z',
      '2026-01-01 00:00:00',
      '2026-01-01T00:00:00+01',
    ].map((time) => `event_ts text ${time}`),
  ),
};

/** The same for golden-events.jsonl. */
export const CHANGED_GOLDEN: Changes = {
  ...changes(TIMES, null, [
    'event_ts has no seconds',
    'event_ts has a space for T',
    'event_ts has a small t',
    'event_ts has a small z',
    'event_ts has an offset of hours only',
  ]),
  ...changes(TEXT_AS_DECIMAL, null, ['amount is text']),
  ...changes(NUMBER_AS_TEXT, null, [
    'merchant is a fraction',
    'merchant is a number with an exponent',
    'txn_id is a fraction',
    'a text field twice, last a fraction',
    'a text field twice, last a number that overflows',
  ]),
  ...changes(REQUIRED, 'bad_card_id', ['card_id is an object']),
};
