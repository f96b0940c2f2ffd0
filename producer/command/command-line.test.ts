import { describe, expect, it } from 'vitest';
import { inputEnvironment, parseCommandLine } from './command-line.ts';

const refusal = async (...argv: string[]): Promise<string> =>
  parseCommandLine(argv, undefined).then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );

describe('the command line of `npm run produce`', () => {
  it('refuses an empty value, which would mean the default: records would go to another cluster', async () => {
    expect(await refusal('--kafka-bootstrap-servers=')).toBe(
      '--kafka-bootstrap-servers is empty: give a value, or leave the flag out',
    );
    expect(await refusal('--kafka-bootstrap-servers', '')).toContain('is empty');
    expect(await refusal('--max-records= ')).toContain('--max-records is empty');
    expect(await refusal('--out=')).toContain('--out is empty');
  });

  it('says which option lacks its value', async () => {
    expect(await refusal('--seed')).toMatch(/^the option --seed needs a value/);
  });

  it('cuts a long word in the refusal', async () => {
    const message = await refusal(`--${'x'.repeat(10_000)}`);
    expect(message).toContain('characters)');
    expect(message.length).toBeLessThan(400);
  });
});

describe('`npm run produce -- --in FILE`', () => {
  it('has what the options say, and each line as it looks when they say nothing', async () => {
    const command = await parseCommandLine(['--in', 'x.jsonl', '--rate', '20'], undefined);
    expect(command).toMatchObject({
      flags: { MSGS_PER_SEC: '20' },
      input: { from: 'x.jsonl', keyOf: undefined, form: 'auto', isLooped: false },
    });
    const all = ['--in', '-', '--key-of', 'a.b', '--loop', '--as', 'records'];
    expect((await parseCommandLine(all, undefined))?.input).toEqual({
      ...{ from: '-', keyOf: 'a.b', form: 'records', isLooped: true },
    });
    expect((await parseCommandLine([], undefined))?.input).toBeUndefined();
  });

  it.each([
    [['--in', 'x', '--seed', '7', '--scenario', 'messy'], '--in and --scenario, --seed exclude one another'],
    [['--in', 'x', '--answer-key', 'k'], '--answer-key exclude one another'],
    [['--in', 'x', '--out', 'y'], '--in and --out exclude one another'],
    [['--loop', '--key-of', 'a'], '--key-of and --loop needs --in'],
    [['--in='], '--in is empty'],
    [['--in', 'x', '--key-of='], '--key-of is empty'],
    [['--rate', '5', '--msgs-per-sec', '6'], '--rate and --msgs-per-sec are the same setting'],
    [['--in', 'x', '--as', 'csv'], 'events'],
  ])('refuses %j', async (argv, reason) => {
    expect(await refusal(...argv)).toContain(reason);
  });

  it('goes as fast as it can to its end unless this command is told otherwise', () => {
    const generating = { SCENARIO: 'messy', SEED: '7', MSGS_PER_SEC: '5', KAFKA_TOPIC: 't', HOME: '/h' };
    expect(inputEnvironment({}, { ...generating, MSGS_PER_SEC: '' }, '/nonexistent')).toEqual({
      ...{ KAFKA_TOPIC: 't', HOME: '/h', MSGS_PER_SEC: '0' },
    });
    expect(inputEnvironment({ MAX_RECORDS: '3' }, generating, '/nonexistent')).toMatchObject({
      ...{ MSGS_PER_SEC: '5', MAX_RECORDS: '3' },
    });
  });
});
