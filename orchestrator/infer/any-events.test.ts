import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { randomOf } from '../../tests/support/random-of.ts';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { newPipeline } from './new-pipeline.ts';

const NAMES = [
  ...['id', 'ID', 'user_id', 'ts', 'createdAt', 'amount', 'type', 'select', 'order', 'topic', 'event_time'],
  ...[
    'kafka_ts',
    'window_start',
    'events',
    'true',
    'null',
    'order-id',
    'a.b',
    '日付',
    '',
    ' ',
    '#',
    ': x',
    "it's",
  ],
  ...[
    '`tick`',
    '"q"',
    'x\ty',
    '\u2028',
    '__proto__',
    'constructor',
    'offset',
    'Partition',
    'date',
    'no',
    '5',
  ],
];
const TEXTS = [
  '',
  'x',
  '12',
  '-0.50',
  'a: b # c',
  "isn't",
  'ü\u2028\n',
  '\ud83d\ude00',
  '2026-01-31',
  '12:00',
];
const TIMES = [
  '2026-01-31T10:00:00Z',
  '2026-01-31 10:00',
  '1/2/26 7:05',
  '31.12.2026',
  '20260131',
  'Jan 5, 2024 1:05 PM',
];
const NUMBERS = [
  '0',
  '-0',
  '7',
  '1.50',
  '1e3',
  '1E-7',
  '1e400',
  '12345678901234567890123',
  '9223372036854775808',
  '0.1234567',
  '1710064800',
  '1710064800000',
];

/** A JSON text of random shape, so that numbers keep their digits. */
function anyJson(random: () => number, depth: number): string {
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const kinds = depth > 3 ? 5 : 7;
  switch (Math.floor(random() * kinds)) {
    case 0:
      return 'null';
    case 1:
      return random() < 0.5 ? 'true' : 'false';
    case 2:
      return one(NUMBERS);
    case 3:
      return JSON.stringify(one(TEXTS));
    case 4:
      return JSON.stringify(one(TIMES));
    case 5:
      return `[${Array.from({ length: Math.floor(random() * 3) }, () => anyJson(random, depth + 1)).join(',')}]`;
    default:
      return anyObject(random, depth + 1);
  }
}

function anyObject(random: () => number, depth: number): string {
  const names = NAMES.filter(() => random() < 0.15);
  return `{${names.map((name) => `${JSON.stringify(name)}:${anyJson(random, depth)}`).join(',')}}`;
}

/** Events with one kind of value for each member, which some of the events lack. */
function regularEvents(random: () => number): string[] {
  const members = NAMES.filter(() => random() < 0.3).map((name) => {
    const values =
      random() < 0.5
        ? NUMBERS
        : random() < 0.5
          ? TEXTS.map((text) => JSON.stringify(text))
          : TIMES.map((text) => JSON.stringify(text));
    const from = Math.floor(random() * values.length);
    const share = random() < 0.5 ? 1 : random();
    return { name, values: values.slice(from, from + 1 + Math.floor(random() * 3)), share };
  });
  return Array.from({ length: 1 + Math.floor(random() * 30) }, () => {
    const there = members.filter(({ share }) => random() <= share);
    const text = there.map(
      ({ name, values }) => `${JSON.stringify(name)}:${values[Math.floor(random() * values.length)]}`,
    );
    return `{${text.join(',')}}`;
  });
}

async function outcomeOf(events: readonly string[], projectDir: string, name: string) {
  const stdin = Readable.from([Buffer.from(events.join('\n'))]);
  const request = {
    name,
    from: '-',
    topic: undefined,
    key: undefined,
    eventTime: undefined,
    projectDir,
    stdin,
  };
  try {
    return await newPipeline(request);
  } catch (error) {
    // The only refusal: no member can be a column.
    expect(error).toMatchObject({
      code: 'BAD_EVENTS',
      message: expect.stringContaining('no member that a contract can have'),
    });
    return undefined;
  }
}

it.each([
  [
    'of any shape',
    (random: () => number) =>
      Array.from({ length: 1 + Math.floor(random() * 12) }, () => anyObject(random, 0)),
  ],
  ['with a kind of value for each member', regularEvents],
])('events %s give a pipeline that resolves and takes all of them', async (_what, make) => {
  const projectDir = scratchFolder();
  let pipelines = 0;
  for (let seed = 1; seed <= 150; seed += 1) {
    const events = make(randomOf(seed));
    const result = await outcomeOf(events, projectDir, `seed-${seed}`);
    if (!result) continue;
    pipelines += 1;
    // There are few events, so that none is taken for odd, and no text is the name of a field.
    expect(result.outcomes, `seed ${seed}: ${events.join('\n')}`).toMatchObject({
      silver: events.length,
      quarantine: 0,
    });
  }
  expect(pipelines).toBeGreaterThan(100);
});
