import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PipelineCopy } from '../support/pipeline-copy.ts';
import { query } from '../support/query.ts';
import { TestClient } from '../support/test-client.ts';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo } from '../support/verify.ts';

const MINUTE_MS = 60_000;
const TOPIC = 'own-pipeline';

/** Two changes of the default pipeline's two files, and no other change. */
const FIELDS = `
      - name: note
        logicalType: string

      - name: device
        logicalType: object
        properties:
          - name: os
            logicalType: string
          - name: versions
            logicalType: array
            items:
              logicalType: integer

      - { name: order-id, logicalType: integer }
      - { name: a.b, logicalType: string }
      - name: a
        logicalType: object
        properties: [{ name: b, logicalType: string }, { name: 'c "d"', logicalType: number }]
      - { name: 日付, logicalType: date }
      - { name: select, logicalType: string }
      - { name: Value, logicalType: integer }
`;
const LAST_MEASURE = '      max_amount: max(amount)';
/** Another measure, and a table of the fields with odd names. */
const GOLD = `
      min_amount: min(amount)

  - name: odd
    group_by: [a.b, select]
    window: 1 minute
    measures:
      order-ids: sum(\`order-id\` + \`Value\`)
      max of a.b: max(\`a.b\`)
      inside: min(a.b)
`;
const ODD_COLUMNS = '      order-id, a.b, a, 日付, "select", Value,\n';
let pipeline: PipelineCopy;
let stack: TestStack;

beforeAll(async () => {
  pipeline = new PipelineCopy(mkdtempSync(join(tmpdir(), 'medallion-pipeline-')));
  pipeline.change('contract.odcs.yaml', (text) => `${text.trimEnd()}\n${FIELDS}`);
  pipeline.change('pipeline.yml', (text) =>
    text
      .replace('      lon,\n', `${ODD_COLUMNS}      lon,\n`)
      .replace(`${LAST_MEASURE}\n`, `${LAST_MEASURE}${GOLD}`),
  );
  pipeline.generate();
  stack = await TestStack.started({
    ...{ PIPELINE: pipeline.folder, KAFKA_TOPIC: TOPIC, MSGS_PER_SEC: '5' },
    // Keeps silver's files from before a change of the pipeline, however slow the machine is.
    MAX_FILES_PER_SINK: '0',
  });
});
afterAll(async () => {
  await stack?.discard();
  rmSync(pipeline.folder, { recursive: true, force: true });
});

function event(index: number, timeMs: number): Record<string, unknown> {
  return {
    txn_id: `own-${index}`,
    card_id: `own-card-${index % 3}`,
    event_ts: new Date(timeMs).toISOString(),
    amount: index / 4,
    note: `a "quoted" note ${index}, with é and \\`,
    device: { os: index % 2 ? 'linux' : null, versions: [index, 2 ** 40, -1] },
    ...{ 'order-id': index, 'a.b': `dotted ${index % 2}`, a: { b: `inside ${index % 2}`, 'c "d"': 0.5 } },
    ...{ 日付: '2026-01-31', select: 'from', Value: 1 },
  };
}

/** The same event as other programs write it. */
const FORMS: readonly ((event: Record<string, unknown>) => string)[] = [
  (each) => JSON.stringify(each),
  (each) => JSON.stringify(each, null, 2),
  (each) => JSON.stringify(Object.fromEntries(Object.entries(each).reverse())),
  (each) =>
    JSON.stringify(each).replace(
      /[^\0-~]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  (each) => {
    const more = Array.from({ length: 200 }, (_, index) => [
      `extra_${index}`,
      index % 3 ? index : { deep: [{ er: [index] }] },
    ]);
    return JSON.stringify({ ...each, ...Object.fromEntries(more) });
  },
];

function send(values: readonly string[]): Promise<void> {
  const headers = { trace: Buffer.from([0, 255]) };
  return new TestClient(stack, TOPIC).sendBatch(values.map((value) => ({ key: 'own', value, headers })));
}

describe('a copy of the default pipeline with more fields and a measure', () => {
  it('needs a change of its two files only, whatever form the events have', async () => {
    const begin = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS;
    const events = Array.from({ length: 500 }, (_, index) => event(index, begin + index * 100));
    const wrong = [
      JSON.stringify({ ...event(9000, begin), device: { os: 1.5, versions: ['x'] } }),
      JSON.stringify({ ...event(9001, begin), device: [] }),
    ];
    const last = JSON.stringify(event(9999, begin + 30 * MINUTE_MS));
    await send([
      ...events.map((each, index) => (FORMS[index % FORMS.length] as (typeof FORMS)[0])(each)),
      ...wrong,
      last,
    ]);
    await verifiedUpTo(stack, 503);
    const deep = await stack.run('verify', ['--deep', '--wait']);
    expect(deep.stdout + deep.stderr).toContain('Equal');
    expect(deep.code).toBe(0);

    const silver = await query(`
      select count(*)::int as rows, count(note)::int as notes, max(device.versions[2])::varchar as large
      from read_parquet('${stack.outputPath}/silver/*.parquet') where txn_id like 'own-%'`);
    expect(silver).toEqual([{ rows: 501, notes: 501, large: '1099511627776' }]);
    const rejected = await query(`
      select reason, detail from read_parquet('${stack.outputPath}/quarantine/*.parquet')
      where bad_json like '%"own-%' order by "offset"`);
    expect(rejected).toEqual([
      { reason: 'wrong_type', detail: expect.stringContaining('device: ') },
      { reason: 'wrong_type', detail: expect.stringContaining('is no object') },
    ]);
    const headers = await query(`
      select distinct headers[1]."key" as name, hex(headers[1]."value") as bytes
      from read_parquet('${stack.outputPath}/bronze/*.parquet') where "key" = 'own'`);
    expect(headers).toEqual([{ name: 'trace', bytes: '00FF' }]);
    const gold = await query(`
      select count(*)::int as windows from read_parquet('${stack.outputPath}/gold/*.parquet')
      where card_id like 'own-card-%' and min_amount <= max_amount and min_amount is not null`);
    expect(Number(gold[0]?.['windows'])).toBeGreaterThanOrEqual(3);
    const odd = await query(`
      select "a.b" as dotted, "select" as word, max("max of a.b") as most, min(inside) as inside, sum("order-ids")::int as ids
      from read_parquet('${stack.outputPath}/odd/*.parquet') where "a.b" is not null group by all order by 1`);
    expect(odd).toEqual([
      { dotted: 'dotted 0', word: 'from', most: 'dotted 0', inside: 'inside 0', ids: 62_500 },
      { dotted: 'dotted 1', word: 'from', most: 'dotted 1', inside: 'inside 1', ids: 62_750 },
    ]);
    const peek = await stack.run('peek', [
      '--sql',
      'SELECT max("order-id") AS id, max(a.b) AS b FROM silver',
      '--csv',
    ]);
    expect(peek.stdout).toBe('id,b\r\n9999,inside 1\r\n');
  });
});
