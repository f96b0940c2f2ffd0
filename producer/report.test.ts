import { beforeEach, describe, expect, it } from 'vitest';
import type { Counts } from './deliver/publish.ts';
import { Report } from './report.ts';

const counts = (sent: number, acknowledged: number, buffered = sent - acknowledged): Counts => ({
  sent,
  acknowledged,
  failed: 0,
  buffered,
  bufferedBytes: buffered * 1024,
});

describe('Report', () => {
  let nowMs: number;
  let lines: string[];
  let report: Report;

  beforeEach(() => {
    nowMs = 1_000_000;
    lines = [];
    report = new Report({ write: (line) => lines.push(line), nowMs: () => nowMs });
  });

  it('says where it connects, what was first acknowledged and how it ended', () => {
    report.connecting('localhost:9094', 'transactions');
    report.started();
    report.acknowledged(counts(3, 2));
    report.acknowledged(counts(3, 3));
    report.done({ ...counts(5, 3), failed: 2 });
    expect(lines).toEqual([
      '[producer] Connecting to localhost:9094, topic=transactions',
      '[producer] first records acknowledged: 2',
      '[producer] done: sent=5 acked=3 failed=2',
    ]);
  });

  it('writes a progress line every 50 records at 5 records/s', () => {
    report.started();
    for (let record = 1; record <= 200; record++) {
      report.acknowledged(counts(record, record));
      nowMs += 200;
    }
    expect(lines.slice(1)).toEqual([
      '[producer] sent=51 acked=51 failed=0 buffered=0 rate=5.0/s',
      '[producer] sent=101 acked=101 failed=0 buffered=0 rate=5.0/s',
      '[producer] sent=151 acked=151 failed=0 buffered=0 rate=5.0/s',
    ]);
  });

  it('writes no more than one progress line a second at 20,000 records/s', () => {
    report.started();
    for (let tick = 1; tick <= 1000; tick++) {
      nowMs += 10;
      report.acknowledged(counts(tick * 200, tick * 200 - 100));
    }
    expect(lines).toHaveLength(10);
    expect(lines.at(-1)).toBe('[producer] sent=180200 acked=180100 failed=0 buffered=100 rate=20000.0/s');
  });

  it('says every five seconds that it waits, and once that it goes on', () => {
    report.started();
    report.acknowledged(counts(100, 100));
    for (let second = 0; second <= 12; second++) {
      report.waiting('connect ECONNREFUSED', counts(100 + second * 512, 100));
      nowMs += 1000;
    }
    report.acknowledged(counts(7000, 200));
    nowMs += 1000;
    report.acknowledged(counts(7500, 7000));
    expect(lines.slice(1)).toEqual([
      '[producer] waiting (0 s): connect ECONNREFUSED; 0 records buffered (0.0 MiB)',
      '[producer] waiting (5 s): connect ECONNREFUSED; 2560 records buffered (2.5 MiB)',
      '[producer] waiting (10 s): connect ECONNREFUSED; 5120 records buffered (5.0 MiB)',
      '[producer] going on after 13 s',
      '[producer] sent=7500 acked=7000 failed=0 buffered=500 rate=500.0/s',
    ]);
  });

  it('does not write more often when it waits again and again', () => {
    report.started();
    for (let blip = 0; blip < 10; blip++) {
      report.waiting('connection closed');
      report.acknowledged(counts(blip + 1, blip + 1));
      nowMs += 100;
    }
    expect(lines.filter((line) => line.includes('waiting'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('going on'))).toHaveLength(1);
  });

  it('says when a producer id was replaced and what may be written twice', () => {
    report.renewed(2, 'UNKNOWN_PRODUCER_ID', 0);
    report.renewed(2, 'no end', 17);
    expect(lines).toEqual([
      '[producer] partition 2: new producer id (nothing is written twice) after: UNKNOWN_PRODUCER_ID',
      '[producer] partition 2: new producer id (17 records may be written twice) after: no end',
    ]);
  });
});
