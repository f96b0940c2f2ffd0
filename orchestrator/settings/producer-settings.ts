import { choice, duration, integer, number, path, type SettingRows, share, text } from './setting-row.ts';

/** ISO 8601 with or without seconds, for days that exist in the calendar. */
const DAY =
  '(?:(?:[0-9]{2}(?:[2468][048]|[13579][26]|0[48])|(?:[02468][048]|[13579][26])00)-02-29|[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8])))';
const TIME_OF_DAY = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
const INSTANT = `${DAY}T${TIME_OF_DAY}(?::[0-5][0-9](?:\\.[0-9]+)?)?(?:Z|[+-]${TIME_OF_DAY})`;

/** The settings that only the producer reads: rows of SETTING_TABLE, which is in this order, too. */
export const PRODUCER_SETTINGS = {
  MSGS_PER_SEC: {
    takes: number(
      0,
      Number.MAX_VALUE,
      'a finite number of records per second, 0 or more (0 = as fast as it can)',
    ),
    default: '5',
    usedBy: ['producer'],
    meaning: 'Records a second that the producer sends; 0 = as fast as it can',
  },
  SCENARIO: {
    takes: choice('clean', 'messy', 'late', 'burst', 'fraud'),
    default: 'clean',
    usedBy: ['producer'],
    meaning: 'Faults put into the records: clean, messy, late, burst or fraud',
  },
  LATE_RATE: {
    takes: share(1),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning: 'Share of events that come late, by 90 seconds in the median',
  },
  DUPLICATE_RATE: {
    takes: share(1),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning: 'Share of records that repeat an earlier one',
  },
  MALFORMED_RATE: {
    takes: share(1),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning: 'Share of records that belong in quarantine',
  },
  OUT_OF_ORDER: {
    takes: share(1),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning: 'Share of events that up to 20 later ones overtake',
  },
  BURST: {
    takes: text(
      'off|[0-9]{1,4}(?:\\.[0-9]{1,3})?x[0-9]{1,6}/[0-9]{1,6}',
      'off, or FACTORxSECONDS/PERIOD such as 10x5/60: ten times the rate for 5 of every 60 seconds',
    ),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning: 'Bursts as FACTORxSECONDS/PERIOD, such as 10x5/60, or off',
  },
  HOT_KEY: {
    takes: share(1),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning: 'Share of records with one and the same key',
  },
  FRAUD_RATE: {
    // Above this rate sprees would follow each other without a break.
    takes: share(0.25),
    defaultText: 'by SCENARIO',
    usedBy: ['producer'],
    meaning:
      'Share of records that are payments with five stolen cards, at most 0.25; card transactions only',
  },
  SEED: {
    // A text: the seed 007 differs from the seed 7.
    takes: text('[0-9]{1,15}', 'a whole number of at most 15 digits'),
    defaultText: 'unset',
    usedBy: ['producer'],
    meaning: 'A whole number that all records follow from, the same ones in every run',
  },
  EVENT_START: {
    takes: text(INSTANT, 'an ISO-8601 time with Z or an offset, such as 2026-01-01T00:00:00Z'),
    defaultText: 'now',
    usedBy: ['producer'],
    meaning: 'Time of the first event, ISO-8601; the others follow at EVENTS_PER_SEC',
  },
  EVENTS_PER_SEC: {
    takes: number(
      0.000_001,
      9_999_999.999_999,
      'a number above 0 of events in a second of event time, from 0.000001 to below 10000000',
    ),
    defaultText: '5',
    usedBy: ['producer'],
    meaning: 'Events in a second of event time, where SEED, EVENT_START or this is set',
  },
  DAY_NIGHT: {
    takes: choice('0', '1'),
    default: '0',
    usedBy: ['producer'],
    meaning: '1 lets cards be used where it is day; card transactions only',
  },
  MAX_RECORDS: {
    takes: integer(1, 999_999_999_999_999),
    defaultText: 'unset',
    usedBy: ['producer'],
    meaning: 'Records after which the producer stops sending',
  },
  DURATION: {
    takes: duration(1),
    defaultText: 'unset',
    usedBy: ['producer'],
    meaning: 'Time after which the producer stops sending, such as "5 minutes"',
  },
  ANSWER_KEY: {
    takes: path("a file's path"),
    defaultFor: { containers: '/opt/spark-output/answer-key.jsonl' },
    defaultText: 'unset',
    isGivenByRuntime: true,
    usedBy: ['producer'],
    meaning: 'File to which the injected faults are written, as JSON lines',
  },
} as const satisfies SettingRows;
