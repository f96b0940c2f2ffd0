import { isoTimeUs } from './iso-time.ts';
import { type SilverPayload, TEXT_COLUMNS } from './silver-payload.ts';

/** From the amount's colon on. Fifteen digits: nothing that a decimal would round. */
const PLAIN_AMOUNT = /:\s*(-?)(\d{1,13})(?:\.(\d{1,2}))?\s*[,}]/y;
const NAME = '"amount"';

/**
 * The silver row of a value as producers write it, at a third of the cost of the exact judgement; undefined for any other value,
 * also for many that are valid.
 *
 * Without a backslash every name is spelled literally. An `"amount"` that comes once in a text whose object has that member is
 * that member's name, so that the digits behind it are the amount's.
 */
export function plainPayload(value: string): SilverPayload | undefined {
  const at = value.indexOf(NAME);
  if (at < 0 || value.includes('\\') || value.includes(NAME, at + 1)) return undefined;
  PLAIN_AMOUNT.lastIndex = at + NAME.length;
  const amount = PLAIN_AMOUNT.exec(value);
  if (!amount) return undefined;
  const event = parseObject(value);
  if (typeof event?.['amount'] !== 'number') return undefined;
  const [, sign, integer = '', fraction = ''] = amount;
  const cents = Number(integer) * 100 + Number(fraction.padEnd(2, '0'));

  const { txn_id: txn, card_id: card, event_ts: time, lat = null, lon = null } = event;
  if (typeof txn !== 'string' || typeof card !== 'string' || typeof time !== 'string') return undefined;
  if (!isNumberOrNull(lat) || !isNumberOrNull(lon)) return undefined;
  const eventUs = isoTimeUs(time);
  if (eventUs === undefined) return undefined;
  const texts: (string | null)[] = [];
  for (const name of TEXT_COLUMNS) {
    const text = event[name] ?? null;
    if (text !== null && typeof text !== 'string') return undefined;
    texts.push(text);
  }
  return { texts, cents: BigInt(sign === '-' ? -cents : cents), lat, lon, eventUs };
}

function parseObject(value: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(value);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : undefined;
  } catch {
    // The exact judgement says what it is.
    return undefined;
  }
}

const isNumberOrNull = (value: unknown): value is number | null => value === null || Number.isFinite(value);
