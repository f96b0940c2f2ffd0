import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ksDistance, normalShare } from '../../tests/support/goodness-of-fit.ts';
import { burstProfile, countedClock, STEADY, wallClock } from '../generate/event-clock.ts';
import type { OutgoingRecord } from '../generate/event-source.ts';
import { createPopulation } from '../generate/population.ts';
import { transactionEvents } from '../generate/transaction-events.ts';
import {
  createRecordStream,
  type FaultPlan,
  LATENESS_SPREAD,
  MEDIAN_LATENESS_MS,
  NO_FAULTS,
  SCENARIO_NAMES,
  SCENARIOS,
} from './record-stream.ts';

const START_MS = Date.UTC(2026, 0, 1);
const EVENTS_PER_SECOND = 50;
const STEP_MS = 1000 / EVENTS_PER_SECOND;
const population = createPopulation();
const open = transactionEvents({ hasDayAndNight: false, population });

interface Wish {
  readonly plan: FaultPlan;
  readonly count: number;
  readonly seed?: string;
  /** Milliseconds of the clock between two records. */
  readonly pauseMs?: number;
}

function recordsOf({ plan, count, seed = '42', pauseMs = 1 }: Wish): OutgoingRecord[] {
  const profile = plan.burst ? burstProfile(plan.burst, EVENTS_PER_SECOND) : STEADY;
  const clock = countedClock(START_MS, EVENTS_PER_SECOND, profile);
  const stream = createRecordStream({ open, seed, clock, profile, plan });
  return Array.from({ length: count }, (_, index) => stream.next(1e12 + index * pauseMs));
}
const bytesOf = (records: readonly OutgoingRecord[]): string =>
  records.map(({ key, value }) => `${key}\n${value}\n`).join('');
const withFault = (records: readonly OutgoingRecord[], fault: RegExp): OutgoingRecord[] =>
  records.filter(({ trace }) => fault.test(trace?.fault ?? ''));
const eventMs = ({ value }: OutgoingRecord): number => Date.parse(JSON.parse(value ?? '').event_ts);

describe('createRecordStream', () => {
  it.each(SCENARIO_NAMES)('gives the same bytes for a seed at any rate of sending: %s', (name) => {
    const plan = SCENARIOS[name];
    const slowly = recordsOf({ plan, count: 5000, pauseMs: 200 });
    const fast = recordsOf({ plan, count: 5000, pauseMs: 0 });
    expect(bytesOf(slowly)).toBe(bytesOf(fast));
    expect(slowly.map(({ trace }) => trace)).toEqual(fast.map(({ trace }) => trace));
    expect(bytesOf(recordsOf({ plan, count: 5000, seed: '43' }))).not.toBe(bytesOf(fast));
  });

  it('gives the bytes that this version of the product has always given', () => {
    const digest = (plan: FaultPlan) =>
      createHash('sha256')
        .update(bytesOf(recordsOf({ plan, count: 10_000 })))
        .digest('hex')
        .slice(0, 16);
    expect({ clean: digest(SCENARIOS.clean), messy: digest(SCENARIOS.messy) }).toMatchInlineSnapshot(`
      {
        "clean": "fb0b1d283a6a5722",
        "messy": "ce225031a93f53e3",
      }
    `);
  });

  it('times events by the number of the record and records by the clock', () => {
    const records = recordsOf({ plan: NO_FAULTS, count: 500, pauseMs: 7 });
    expect(records.map(eventMs)).toEqual(records.map((_, index) => START_MS + index * STEP_MS));
    expect(records.map(({ timestampMs }) => timestampMs)).toEqual(
      records.map((_, index) => 1e12 + index * 7),
    );
    expect(records.filter(({ trace }) => trace)).toEqual([]);
  });

  it('times events by the clock where no other time is set', () => {
    const options = { open, seed: '1', clock: wallClock(5), profile: STEADY };
    const stream = createRecordStream({ ...options, plan: NO_FAULTS });
    expect(eventMs(stream.next(START_MS + 5))).toBe(START_MS + 5);
  });

  it.each<[keyof FaultPlan, number, RegExp]>([
    ['lateRate', 0.1, /^late$/],
    ['duplicateRate', 0.1, /^duplicate$/],
    ['malformedRate', 0.1, /^malformed:/],
    ['outOfOrderRate', 0.1, /^out_of_order$/],
    ['hotKeyRate', 0.3, /^hot_key$/],
  ])('injects %s at %d and nothing else', (name, rate, fault) => {
    const count = 50_000;
    const records = recordsOf({ plan: { ...NO_FAULTS, [name]: rate }, count });
    const found = withFault(records, fault).length;
    expect(Math.abs(found - rate * count)).toBeLessThan(5 * Math.sqrt(count * rate * (1 - rate)));
    expect(withFault(records, /./)).toHaveLength(found);
  });

  it('makes every record faulty at a rate of one', () => {
    for (const name of ['lateRate', 'malformedRate', 'outOfOrderRate'] as const) {
      const records = recordsOf({ plan: { ...NO_FAULTS, [name]: 1 }, count: 500 });
      expect(withFault(records, /./)).toHaveLength(500);
    }
  });

  it('makes late events late by a log-normal delay, one in six beyond the watermark', () => {
    const records = recordsOf({ plan: { ...NO_FAULTS, lateRate: 1 }, count: 20_000 });
    const delays = records.map((record, index) => START_MS + index * STEP_MS - eventMs(record));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(1000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(3_600_000);
    const scores = delays.map((delay) => Math.log(delay / MEDIAN_LATENESS_MS) / LATENESS_SPREAD);
    expect(ksDistance(scores, normalShare)).toBeLessThan(2.7 / Math.sqrt(delays.length));
    const beyond = delays.filter((delay) => delay > 300_000).length / delays.length;
    expect(beyond).toBeGreaterThan(0.14);
    expect(beyond).toBeLessThan(0.18);
  });

  it('lets one to twenty later events overtake an event that is out of order', () => {
    const records = recordsOf({ plan: { ...NO_FAULTS, outOfOrderRate: 0.2 }, count: 5000 });
    const overtaken = records
      .map((record, index) => ({ record, steps: (START_MS + index * STEP_MS - eventMs(record)) / STEP_MS }))
      .filter(({ record }) => record.trace);
    const steps = new Set(overtaken.map((entry) => entry.steps));
    expect([...steps].toSorted((one, two) => one - two)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  });

  it('repeats recent records byte for byte, and names the one it repeats', () => {
    const records = recordsOf({ plan: { ...NO_FAULTS, duplicateRate: 0.2 }, count: 5000 });
    for (const [index, record] of records.entries()) {
      if (record.trace?.fault !== 'duplicate') continue;
      const before = records.findIndex(
        ({ trace }) => trace !== undefined && trace === record.trace?.original,
      );
      expect(before).toBeGreaterThanOrEqual(0);
      expect(before).toBeLessThan(index);
      expect(index - before).toBeLessThan(200);
      expect([record.key, record.value]).toEqual([records[before]?.key, records[before]?.value]);
    }
    const ids = records
      .filter(({ trace }) => trace?.fault === undefined)
      .map(({ value }) => JSON.parse(value ?? '').txn_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('plants sprees of high foreign payments on five cards, and as many as asked for', () => {
    const count = 150_000;
    const records = recordsOf({ plan: { ...NO_FAULTS, fraudRate: 0.02 }, count });
    const frauds = withFault(records, /^fraud$/);
    // A spree has 14 payments on average. The number of sprees is random, not that of payments.
    expect(Math.abs(frauds.length / count - 0.02)).toBeLessThan(0.005);
    expect(new Set(frauds.map(({ key }) => key)).size).toBe(5);
    const payments = frauds.map(({ value }) => JSON.parse(value ?? ''));
    const homes = new Map(population.cards.map(({ cardId, home }) => [cardId, home.country]));
    expect(payments.filter(({ card_id, country }) => homes.get(card_id) === country)).toEqual([]);
    expect(new Set(payments.map(({ category }) => category))).toEqual(
      new Set(['online', 'electronics', 'travel']),
    );
    const gaps = frauds
      .slice(1)
      .map((record, index) => eventMs(record) - eventMs(frauds[index] as OutgoingRecord));
    const withinSpree = gaps.filter((gap) => gap <= 20 * STEP_MS).length / gaps.length;
    expect(withinSpree).toBeGreaterThan(0.9);
    const declined = payments.filter(({ status }) => status === 'declined').length / payments.length;
    expect(Math.abs(declined - 0.35)).toBeLessThan(0.05);
  });

  it('gives the hot key’s records one card with its own user', () => {
    const hot = withFault(recordsOf({ plan: { ...NO_FAULTS, hotKeyRate: 0.5 }, count: 2000 }), /^hot_key$/);
    expect(new Set(hot.map(({ key }) => key)).size).toBe(1);
    const owner = population.cards.find(({ cardId }) => cardId === hot[0]?.key)?.userId;
    expect(new Set(hot.map(({ value }) => JSON.parse(value ?? '').user_id))).toEqual(new Set([owner]));
  });

  it('draws the events of a burst together and marks each', () => {
    const burst = { factor: 4, lastsSeconds: 2, everySeconds: 10 };
    // 8 s × 50 + 2 s × 200 records in ten seconds.
    const records = recordsOf({ plan: { ...NO_FAULTS, burst }, count: 800 });
    expect(records.findIndex(({ trace }) => trace?.fault === 'burst')).toBe(400);
    expect(withFault(records, /^burst$/)).toHaveLength(400);
    expect(eventMs(records[799] as OutgoingRecord)).toBe(START_MS + 9995);
  });
});
