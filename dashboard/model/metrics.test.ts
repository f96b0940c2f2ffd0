import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectDir } from '../../tests/support/project.ts';
import { snapshotWith } from '../../tests/support/snapshots.ts';
import { documentWithMetrics, METRICS_DOCUMENT, metricsTable } from './metric-documents.ts';
import { METRICS } from './metrics.ts';
import { metricsText } from './metrics-text.ts';

const FACTS = { clients: 1, residentBytes: 50_000_000 };
const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(name));

describe('the table of metrics', () => {
  it('has names by the conventions of Prometheus, each once', () => {
    const names = METRICS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, type, help, unit } of METRICS) {
      expect(name).toMatch(/^medallion_[a-z]+(_[a-z]+)*$/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect(help).toMatch(/^[A-Z][^\n]+[^.]$/);
      expect(unit).not.toBe('');
    }
  });

  it('declares every label that its samples have', () => {
    for (const { name, labels, samples } of METRICS) {
      for (const sample of samples(snapshotWith(), FACTS)) {
        expect([name, Object.keys(sample.labels ?? {})]).toEqual([name, labels]);
      }
    }
  });

  it('is shown in documents with every metric', () => {
    expect(metricsTable().trim().split('\n')).toHaveLength(METRICS.length + 2);
    expect(metricsTable()).toContain('| `medallion_lag_records` | gauge | records | `topic`, `partition` |');
    const document = readFileSync(join(projectDir, METRICS_DOCUMENT), 'utf8');
    expect(documentWithMetrics(document)).toBe(document);
    expect(() => documentWithMetrics('# No marks')).toThrow('no marks');
  });
});

describe('the text of metrics', () => {
  it('has the values of the snapshot', () => {
    const text = metricsText(snapshotWith(), FACTS);
    expect(linesOf(text, 'medallion_lag_records{')).toEqual([
      'medallion_lag_records{topic="transactions",partition="0"} 10',
    ]);
    expect(text).toContain('medallion_batch_duration_seconds{query="ingest",phase="total"} 0.9\n');
    expect(text).toContain('medallion_ready 1\n');
    expect(text).toContain('# TYPE medallion_rows_total counter\nmedallion_rows_total{output="bronze"} 90\n');
    expect(text.endsWith('\n')).toBe(true);
  });

  it('has no line for a value that is not known', () => {
    const unknown = snapshotWith({ topic: { ...snapshotWith().topic, partitions: [], clearSeconds: null } });
    const text = metricsText(unknown, FACTS);
    expect(linesOf(text, 'medallion_topic_end_offset')).toEqual([]);
    expect(linesOf(text, 'medallion_lag_clear_seconds')).toEqual([]);
    expect(text).toContain('# HELP medallion_lag_clear_seconds ');
  });

  it('escapes what users name', () => {
    const text = metricsText(snapshotWith({ rejected: { 'a"b\\c\nd': 2 } }), FACTS);
    expect(text).toContain('medallion_rejected_records_total{reason="a\\"b\\\\c\\nd"} 2\n');
  });
});
