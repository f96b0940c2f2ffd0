/** What names of fields tell about their values. Only words of English are known. */

const TIME_UNITS = new Set([
  ...['ms', 'millis', 'milliseconds', 's', 'sec', 'seconds', 'us', 'micros', 'microseconds'],
  ...['utc', 'iso', 'iso8601', 'local', 'epoch', 'unix', 'gmt', 'str'],
]);
const TIME_WORDS = new Set([
  'time',
  'timestamp',
  'ts',
  'datetime',
  'date',
  'dt',
  'at',
  'when',
  'on',
  'epoch',
]);
/** When the event itself happened. */
const HAPPENED = new Set(['event', 'occurred', 'occured', 'happened', 'occurrence']);
const OBSERVED = new Set([
  ...['sent', 'logged', 'log', 'recorded', 'observed', 'measured', 'measurement', 'reading', 'sample'],
  ...['captured', 'transaction', 'txn', 'trade', 'order', 'click', 'request', 'sensor', 'device'],
]);
/** Times of something else than the event, or of its processing. */
const OTHER = new Set([
  ...['updated', 'update', 'modified', 'expires', 'expiry', 'expiration', 'expire', 'due', 'birth', 'end'],
  ...['ended', 'until', 'valid', 'deleted', 'closed', 'processed', 'processing', 'ingest', 'ingested'],
  ...['ingestion', 'received', 'pushed', 'delivery', 'delivered', 'shipped', 'arrival', 'last', 'next'],
  ...['first', 'joined', 'registered', 'signup', 'member', 'estimated', 'eta', 'load', 'loaded', 'cancelled'],
]);

/** `eventTime`, `event-time` and `EVENT_TIME` as `event`, `time`. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/**
 * How well a name fits the time of the event, from 0 (no time at all) to 100 (`event_time`). Times
 * of something else, such as `expires_at`, have 10.
 */
export function eventTimeScore(name: string): number {
  const all = wordsOf(name);
  const words = all.length > 1 && TIME_UNITS.has(all.at(-1) ?? '') ? all.slice(0, -1) : all;
  const last = words.at(-1) ?? '';
  const glued = /^(event|create|created|update|updated)(time|timestamp|ts|at|date)$/.exec(words.join(''));
  const first = words.length > 1 ? words.slice(0, -1) : [glued?.[1] ?? ''];
  if (!TIME_WORDS.has(last) && !glued && last !== 'created') return 0;
  if (['response', 'elapsed', 'duration', 'run', 'wait', 'lead', 'cpu', 'load'].includes(first.at(-1) ?? ''))
    return 0;
  const isDate = last === 'date' || last === 'dt' || last === 'on';
  const dated = isDate ? 15 : 0;
  if (first.some((word) => OTHER.has(word))) return 10;
  if (first.some((word) => HAPPENED.has(word))) return 100 - dated;
  if (words.length === 1 && !glued)
    return last === 'created' ? 70 : last === 'at' || last === 'on' ? 0 : 90 - dated;
  if (first.some((word) => OBSERVED.has(word))) return 80 - dated;
  if (first.some((word) => /^creat/.test(word))) return 70 - dated;
  return (last === 'at' ? 55 : 60) - dated;
}

const IDS = new Set(['id', 'uuid', 'guid', 'key', 'identifier', 'uid']);
const NUMBERS = new Set(['number', 'no', 'num', 'nr']);
const ENTITIES = [
  ...['user', 'customer', 'client', 'account', 'device', 'sensor', 'machine', 'card', 'session', 'vehicle'],
  ...['truck', 'car', 'driver', 'host', 'server', 'store', 'shop', 'merchant', 'player', 'member', 'patient'],
  ...['employee', 'station', 'meter', 'node', 'tenant', 'visitor', 'subscriber', 'symbol', 'ticker', 'asset'],
  ...[
    'site',
    'wallet',
    'username',
    'login',
    'email',
    'mac',
    'imei',
    'vin',
    'iban',
    'robot',
    'thing',
    'seller',
  ],
  ...[
    'product',
    'item',
    'sku',
    'hostname',
    'ip',
    'warehouse',
    'terminal',
    'service',
    'flight',
    'bus',
    'route',
  ],
];
const ENTITY = new Set(ENTITIES);
const GLUED_ID = new RegExp(
  `^(${[...ENTITIES, 'order', 'event', 'trip', 'transaction'].join('|')})(id|key|no)$`,
);

/**
 * `entity`: names something that sends many events, such as a user or a device. `id`: another
 * identifier, such as that of an order or of the event itself.
 */
export function identifierKind(name: string): 'entity' | 'id' | undefined {
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  const glued = GLUED_ID.exec(last);
  if (glued) return ENTITY.has(glued[1] ?? '') ? 'entity' : 'id';
  const isId = IDS.has(last) || (NUMBERS.has(last) && words.length > 1);
  const of = isId ? words.slice(0, -1) : words;
  if (of.length <= 2 && ENTITY.has(of.at(-1) ?? '')) return 'entity';
  return isId ? 'id' : undefined;
}

/** Entities in the order in which they make a good key: who or what the events are about. */
export function entityRank(name: string): number {
  const words = wordsOf(name).map((word) => GLUED_ID.exec(word)?.[1] ?? word);
  const ranks = words.map((word) => ENTITIES.indexOf(word)).filter((rank) => rank >= 0);
  return ranks.length === 0 ? ENTITIES.length : Math.min(...ranks);
}

const has = (words: ReadonlySet<string>) => (name: string) => wordsOf(name).some((word) => words.has(word));

/** An amount of money, which people expect to be exact. */
export const isMoney = has(
  new Set([
    ...['amount', 'price', 'cost', 'total', 'subtotal', 'fee', 'tax', 'vat', 'balance', 'revenue', 'salary'],
    ...['payment', 'paid', 'charge', 'discount', 'tip', 'fare', 'budget', 'credit', 'debit', 'premium'],
    ...['usd', 'eur', 'gbp', 'chf', 'money', 'spend', 'income', 'wage', 'refund', 'notional'],
  ]),
);

/** A quantity that can be added up. */
export const isQuantity = has(
  new Set([
    ...['quantity', 'qty', 'count', 'units', 'size', 'bytes', 'duration', 'value', 'volume', 'distance'],
    ...['clicks', 'views', 'items', 'length', 'weight', 'sum', 'minutes', 'seconds', 'hours', 'points'],
  ]),
);

/** A reading, whose sum means nothing. */
export const isReading = has(
  new Set([
    ...['temp', 'temperature', 'humidity', 'pressure', 'speed', 'velocity', 'rpm', 'voltage', 'current'],
    ...['rate', 'ratio', 'percent', 'percentage', 'pct', 'score', 'probability', 'confidence', 'level'],
    ...[
      'altitude',
      'heading',
      'angle',
      'avg',
      'average',
      'mean',
      'min',
      'max',
      'median',
      'rating',
      'latency',
    ],
    ...['ph', 'vibration', 'lux', 'co2', 'battery', 'signal', 'rssi', 'age', 'lat', 'latitude', 'lon', 'lng'],
    ...['longitude', 'long'],
  ]),
);

/** A number that is neither added up nor averaged: a place, a code, a part of a date. */
export const isLabel = has(
  new Set([
    ...['lat', 'latitude', 'lon', 'lng', 'long', 'longitude', 'zip', 'zipcode', 'postal', 'postcode', 'code'],
    ...['year', 'month', 'day', 'hour', 'port', 'phone', 'version', 'index', 'seq', 'sequence', 'offset'],
    ...['partition', 'number', 'no', 'nr', 'num', 'id', 'pid', 'x', 'y', 'z', 'rank', 'position', 'line'],
  ]),
);

/** A word that divides events into kinds. */
export const isCategory = has(
  new Set([
    ...['type', 'kind', 'category', 'status', 'state', 'event', 'action', 'country', 'region', 'channel'],
    ...['method', 'level', 'severity', 'class', 'group', 'currency', 'source', 'platform', 'mode', 'side'],
  ]),
);
