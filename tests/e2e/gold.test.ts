import { randomUUID } from 'node:crypto';
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { query } from '../support/query.ts';
import { TestStack } from '../support/test-stack.ts';
import { until } from '../support/until.ts';
import { verifiedUpTo } from '../support/verify.ts';

const MINUTE_MS = 60_000;
const EVENTS = 6000;
const CARDS = 7;

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.started({ KAFKA_TOPIC: 'gold-test', MSGS_PER_SEC: '1', MAX_FILES_PER_SINK: '0' });
});
afterAll(() => stack?.discard());

/**
 * Events over an hour that begins now, in event-time order except for up to four minutes of
 * disorder, so that none is beyond the 5-minute watermark. One more event, an hour and a quarter
 * from now, closes the hour's windows.
 */
function events(beginMs: number) {
  const spread = Array.from({ length: EVENTS }, (_, index) => {
    const disorderMs = ((index * 7919) % 240) * 1000;
    return event(beginMs + (index * 60 * MINUTE_MS) / EVENTS - disorderMs, index);
  });
  return [...spread, event(beginMs + 75 * MINUTE_MS, EVENTS)];
}

function event(timeMs: number, index: number) {
  // A form that the producer does not use. Its own records continue in the same topic.
  const card = `card-${index % CARDS}`;
  const value = {
    txn_id: randomUUID(),
    event_ts: new Date(timeMs).toISOString(),
    user_id: 'user-1',
    card_id: card,
    merchant: 'Test merchant',
    category: 'test',
    amount: ((index * 37) % 10_000) / 100,
    currency: 'EUR',
    status: 'APPROVED',
    city: 'Paris',
    country: 'FR',
    lat: 48.85,
    lon: 2.35,
  };
  return { key: card, value: JSON.stringify(value) };
}

async function send(messages: { key: string; value: string }[]): Promise<void> {
  const kafka = new Kafka({ brokers: [`localhost:${stack.ports.KAFKA_PORT}`], logLevel: logLevel.ERROR });
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    for (let from = 0; from < messages.length; from += 500) {
      const part = messages.slice(from, from + 500);
      await producer.send({ topic: 'gold-test', messages: part, compression: CompressionTypes.GZIP });
    }
  } finally {
    await producer.disconnect();
  }
}

describe('gold', () => {
  it('equals an independent aggregation of silver for every closed window of an hour of events', async () => {
    const now = Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS + 5 * MINUTE_MS;
    await send(events(now));
    await verifiedUpTo(stack, EVENTS);
    const closed = new Date(now + 70 * MINUTE_MS).toISOString();
    const expected = await query(`
      select card_id,
             time_bucket(interval 1 minute, event_time) as window_start,
             time_bucket(interval 1 minute, event_time) + interval 1 minute as window_end,
             count(*) as txn_count, sum(amount)::decimal(28, 2) as sum_amount, max(amount) as max_amount
      from read_parquet('${stack.outputPath}/silver/*.parquet')
      where card_id like 'card-%' and time_bucket(interval 1 minute, event_time) + interval 1 minute <= '${closed}'::timestamptz
      group by all order by all`);
    expect(expected.length).toBeGreaterThan(CARDS * 50);

    let found: Record<string, unknown>[] = [];
    await until(
      () => `gold has ${found.length} of ${expected.length} closed windows`,
      120_000,
      async () => {
        found = await query(`
          select card_id, window_start, window_end, txn_count, sum_amount, max_amount
          from read_parquet('${stack.outputPath}/gold/*.parquet')
          where card_id like 'card-%' order by all`).catch((error: Error) => {
          if (error.message.includes('No files found')) return [];
          throw error;
        });
        return found.length >= expected.length ? true : undefined;
      },
    );
    expect(found).toEqual(expected);
  });

  it("is a query of its own on Spark's pages, with watermark and state, next to `ingest`", async () => {
    const pages = `http://127.0.0.1:${stack.ports.SPARK_APP_UI_PORT}`;
    const text = async (path: string) => await (await fetch(`${pages}${path}`)).text();
    const overview = await text('/StreamingQuery/');
    for (const name of ['ingest', 'gold']) expect(overview).toMatch(new RegExp(`<td>\\s*${name}\\s*</td>`));

    const applications = z.array(z.object({ id: z.string() }));
    const [app] = applications.parse(JSON.parse(await text('/api/v1/applications')));
    const executions = z.array(z.object({ description: z.string() }));
    const path = `/api/v1/applications/${app?.id}/sql?details=false&length=100000`;
    const described = executions.parse(JSON.parse(await text(path))).map(({ description }) => description);
    const runOf = (query: string) =>
      described.map((line) => line.match(`^${query}\\s+id = \\S+\\s+runId = (\\S+)`)?.[1]).find(Boolean);
    expect(runOf('ingest')).toBeDefined();
    const statistics = await text(`/StreamingQuery/statistics/?id=${runOf('gold')}`);
    expect(statistics).toContain('Global Watermark Gap');
    expect(statistics).toContain('Aggregated Number Of Total State Rows');
  });

  it('has the mean of each window in avg_amount', async () => {
    const wrong = await query(`
      select * from read_parquet('${stack.outputPath}/gold/*.parquet')
      where abs(avg_amount::double - sum_amount::double / txn_count) > 0.0001`);
    expect(wrong).toEqual([]);
  });
});
