import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poisonCorpus } from '../support/poison-corpus.ts';
import { query } from '../support/query.ts';
import { statusOf } from '../support/stack-status.ts';
import { TestClient } from '../support/test-client.ts';
import { TestStack } from '../support/test-stack.ts';
import { verifiedUpTo, verify } from '../support/verify.ts';

const CORPUS = poisonCorpus();
let stack: TestStack;
let offsets: readonly number[];

beforeAll(async () => {
  stack = await TestStack.started({ MSGS_PER_SEC: '1', MAX_FILES_PER_SINK: '0' });
  const client = new TestClient(stack);
  offsets = await client.send(CORPUS.map(({ key, value }) => ({ key, value })));
  const { partitions } = await verify(stack);
  await verifiedUpTo(
    stack,
    partitions.reduce((sum, { end }) => sum + end, 0),
    { timeoutMs: 180_000 },
  );
});
afterAll(() => stack?.discard());

/** Rows of a sink by offset, of partition 0 only. */
async function rowsOf(
  sink: string,
  columns: string,
): Promise<ReadonlyMap<number, Readonly<Record<string, unknown>>>> {
  const rows = await query(
    `SELECT "offset", ${columns} FROM read_parquet('${stack.outputPath}/${sink}/*.parquet') WHERE "partition" = 0`,
  );
  const found = new Map(rows.map((row) => [Number(row['offset']), row]));
  expect(found.size, `${sink} has each record once`).toBe(rows.length);
  return found;
}

/**
 * The hash of the text of these bytes, with one U+FFFD for each run of bytes that are not UTF-8.
 */
function hashOf(bytes: Buffer | null): string | null {
  return (
    bytes &&
    createHash('sha256')
      .update(bytes.toString('utf8').replace(/\uFFFD+/g, '\uFFFD'))
      .digest('hex')
  );
}

describe('values that break parsers', () => {
  it('stop nothing', async () => {
    const { ready, services } = await statusOf(stack);
    expect(ready).toBe(true);
    expect(services.map(({ restarts }) => restarts)).toEqual(services.map(() => 0));
  });

  it('are in bronze once, with bytes that are no UTF-8 replaced', async () => {
    // Java and JavaScript use different numbers of U+FFFD for half a surrogate pair.
    const hash = (column: string) =>
      `sha256(regexp_replace("${column}", '\uFFFD+', '\uFFFD', 'g')) AS "${column}"`;
    const bronze = await rowsOf('bronze', `${hash('value')}, ${hash('key')}`);
    const expected = CORPUS.map(({ name, key, value }, index) => {
      return { offset: offsets[index], name, key: hashOf(key), value: hashOf(value) };
    });
    const found = expected.map(({ offset, name }) => {
      const row = bronze.get(offset ?? -1);
      return { offset: Number(row?.['offset']), name, key: row?.['key'], value: row?.['value'] };
    });
    expect(found).toEqual(expected);
  });

  it('are in exactly one of silver and quarantine, for the documented reason', async () => {
    const silver = await rowsOf('silver', 'amount');
    const quarantine = await rowsOf('quarantine', 'reason');
    const wrong = CORPUS.map(({ name, reason }, index) => {
      const offset = offsets[index] ?? -1;
      return {
        name,
        reason,
        isSilver: silver.has(offset),
        found: quarantine.get(offset)?.['reason'] ?? null,
      };
    }).filter(({ reason, isSilver, found }) => found !== reason || isSilver !== (reason === null));
    expect(wrong).toEqual([]);
  });

  it('are in raw_csv as in silver, for a reader that knows nothing but RFC 4180', async () => {
    // Between two reads a running job would commit more.
    expect(await stack.run('down')).toMatchObject({ code: 0 });
    const columns = 'txn_id, card_id, merchant, CAST(amount AS VARCHAR) AS amount';
    const count = (source: string) =>
      `SELECT md5(concat_ws(chr(31), coalesce(txn_id, ''), coalesce(card_id, ''), coalesce(merchant, ''), amount)) AS row_hash,
         count(*) AS rows FROM (SELECT ${columns} FROM ${source}) GROUP BY 1 ORDER BY 1`;
    const csv = `read_csv('${stack.outputPath}/raw_csv/*.csv', header = true, all_varchar = true, delim = ',', quote = '"',
      escape = '"', max_line_size = 4000000, parallel = false)`;
    expect(await query(count(csv))).toEqual(
      await query(count(`read_parquet('${stack.outputPath}/silver/*.parquet')`)),
    );
  });
});
