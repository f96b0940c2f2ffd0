import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classifying } from '../../tests/support/classified.ts';
import { EXAMPLES, exampleOf } from '../../tests/support/example-pipelines.ts';
import { projectDir } from '../../tests/support/project.ts';
import { readConfig } from '../config.ts';
import { configuredStream, readEvents } from '../configured-stream.ts';

const RECORDS = 5000;
const START_MS = Date.UTC(2026, 0, 1);

describe.each(EXAMPLES)('the example pipeline %s', (name) => {
  it('is sent as records that are in silver, or in quarantine for the reason of the answer key', () => {
    const PIPELINE = join(projectDir, 'pipelines', name);
    const config = readConfig({
      PIPELINE,
      SCENARIO: 'messy',
      MALFORMED_RATE: '0.5',
      SEED: '7',
      EVENTS_PER_SEC: '5',
    });
    const { source } = configuredStream(config, readEvents(config, START_MS), START_MS);
    const classify = classifying(exampleOf(name));
    const records = Array.from({ length: RECORDS }, (_, at) => source.next(START_MS + at));
    const wrong = records.flatMap(({ value, trace }) => {
      const outcome = classify(value);
      const reason = typeof outcome === 'string' ? outcome : undefined;
      return reason === trace?.reason ? [] : [{ value, reason, trace }];
    });
    expect(wrong).toEqual([]);
    const reasons = new Set(records.flatMap(({ trace }) => trace?.reason ?? []));
    const required = exampleOf(name).fields.filter((field) => field.required);
    for (const field of required) expect(reasons).toContain(`missing_${field.name}`);
    const conditions = exampleOf(name).expectations.expectOrQuarantine;
    for (const condition of conditions) expect(reasons).toContain(condition.name);
  });
});
