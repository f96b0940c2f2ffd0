import { describe, expect, it } from 'vitest';
import { parseCommandLine } from './command-line.ts';

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
