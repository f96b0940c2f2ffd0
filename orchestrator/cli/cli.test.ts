import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { parseCommandLine } from './parse-command-line.ts';

const parse = (...argv: readonly string[]) => parseCommandLine(argv, undefined);
const refused = (message: RegExp) => ({ code: 'BAD_USAGE', message: expect.stringMatching(message) });

describe('a command line', () => {
  it.each(['restart', 'logs'])('%s names an unknown service, and those that there are', async (command) => {
    await expect(parse(command, 'kafak', 'kafka')).rejects.toMatchObject(
      refused(
        new RegExp(`^${command} "kafak" is not allowed: services are zookeeper, kafka, .*dashboard\\.$`),
      ),
    );
  });

  it('has the last value of a setting that is given twice, also behind several services', async () => {
    const { flags } = (await parse('logs', 'kafka', 'producer', '--run-dir', 'a', '--run-dir', 'b')) ?? {};
    expect(flags).toEqual({ RUN_DIR: 'b' });
  });

  it('refuses what is no time, with what is allowed', async () => {
    await expect(parse('logs', '--since', 'soon')).rejects.toMatchObject(
      refused(/^--since "soon" is not allowed: it must be how long ago, such as 30s/),
    );
    await expect(parse('up', '--timeout', '0')).rejects.toMatchObject(
      refused(/^--timeout "0" is not allowed: it must be a whole number of seconds from 1 to 999999\.$/),
    );
  });

  it('restart without a service names those that there are, and how everything is restarted', async () => {
    await expect(parse('restart')).rejects.toMatchObject({
      ...refused(/^restart needs at least one service: zookeeper, .*dashboard\.$/),
      hint: expect.stringContaining('`npm run down`, then `npm run up`'),
    });
  });
});

describe('the help', () => {
  let shown: string;
  beforeEach(() => {
    shown = '';
    vi.spyOn(console, 'log').mockImplementation((text: string) => {
      shown += text;
    });
  });
  afterEach(() => vi.restoreAllMocks());

  it.each([
    ['up', 'npm run up -- --timeout 600', 'downloads included'],
    ['logs', 'npm run logs -- kafka --since 10m', '10 minutes'],
    ['restart', 'npm run restart -- spark-streaming', 'Services, at least one: zookeeper, kafka'],
  ])('of %s teaches by examples', async (command, ...texts) => {
    await parse(command, '--help');
    for (const text of texts) expect(shown).toContain(text);
  });
});
