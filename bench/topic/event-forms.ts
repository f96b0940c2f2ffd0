/**
 * How an event is written. `nested` has more fields, `own` has those of the contract in `readings`;
 * the other forms have the same content.
 */
export const EVENT_FORMS = ['flat', 'escaped', 'pretty', 'nested', 'own'] as const;
export type EventForm = (typeof EVENT_FORMS)[number];

/**
 * The fields of `nested` events in addition to the default pipeline's, in the notation of a
 * contract.
 */
export const NESTED_FIELDS = `
      - name: device
        logicalType: object
        properties:
          - name: os
            logicalType: string
          - name: app
            logicalType: object
            properties:
              - name: version
                logicalType: string
              - name: build
                logicalType: integer
          - name: screens
            logicalType: array
            items:
              logicalType: integer

      - name: lines
        logicalType: array
        items:
          logicalType: object
          properties:
            - name: sku
              logicalType: string
            - name: quantity
              logicalType: integer
`;

const NESTED = {
  device: { os: 'linux', app: { version: '12.4.1', build: 7719 }, screens: [1080, 2340] },
  lines: [
    { sku: 'A-1077', quantity: 2 },
    { sku: 'B-0009', quantity: 1 },
  ],
};

/**
 * An event of the producer in another form. In `escaped` one character of each text is written as
 * `\u00xx`.
 */
export function inForm(value: string, form: EventForm): string {
  if (form === 'flat') return value;
  const event = JSON.parse(value) as Record<string, unknown>;
  if (form === 'pretty') return JSON.stringify(event, undefined, 2);
  if (form === 'nested') return JSON.stringify({ ...event, ...NESTED });
  if (form === 'own') return JSON.stringify(readingOf(event));
  const members = Object.entries(event).map(([name, member]) => {
    const text = JSON.stringify(member);
    const shown = typeof member === 'string' && /^"[a-z]/i.test(text) ? escapeFirstLetter(text) : text;
    return `${JSON.stringify(name)}:${shown}`;
  });
  return `{${members.join(',')}}`;
}

/** The event's values as the ten fields of `readings`. */
function readingOf(event: Record<string, unknown>): Record<string, unknown> {
  const { txn_id, event_ts, user_id, card_id, city, lat, amount, merchant } = event;
  const cents = Math.round(Number(amount) * 100);
  return {
    ...{ txn_id, event_ts, user_id, card_id, site: city, temperature: lat, price: amount },
    ...{ quantity: cents % 1000, is_open: cents % 2 === 0, note: merchant },
  };
}

const escapeFirstLetter = (text: string): string =>
  `"\\u${text.charCodeAt(1).toString(16).padStart(4, '0')}${text.slice(2)}`;
