import type { ProducerSetting } from '../setting-schemas.ts';

/** One line about each setting; the words are those of the settings table. */
export const SETTING_HELP: Readonly<Record<ProducerSetting, string>> = {
  KAFKA_BOOTSTRAP_SERVERS: 'Brokers: host:port[,host:port…]',
  KAFKA_TOPIC: 'The topic that carries the transactions',
  MSGS_PER_SEC: 'Records a second that the producer sends; 0 = as fast as it can',
  SEED: 'A whole number that all records follow from, the same ones in every run',
  EVENT_START: 'Time of the first event, ISO-8601; the others follow at EVENTS_PER_SEC',
  EVENTS_PER_SEC: 'Events in a second of event time, where SEED, EVENT_START or this is set',
  DAY_NIGHT: '1 lets cards be used where it is day',
  SCENARIO: 'Faults put into the records: clean, messy, late, burst or fraud',
  LATE_RATE: 'Share of events that come late, by 90 seconds in the median',
  DUPLICATE_RATE: 'Share of records that repeat an earlier one',
  MALFORMED_RATE: 'Share of records that belong in quarantine',
  OUT_OF_ORDER: 'Share of events that up to 20 later ones overtake',
  BURST: 'Bursts as FACTORxSECONDS/PERIOD, such as 10x5/60, or off',
  HOT_KEY: 'Share of records of one and the same card',
  FRAUD_RATE: 'Share of records that are payments with five stolen cards, at most 0.25',
  MAX_RECORDS: 'Records after which the producer has done enough',
  DURATION: 'Time after which the producer has done enough, such as "5 minutes"',
  ANSWER_KEY: 'File that the faults which were put in are written to, as JSON lines',
};
