import { describe, expect, it } from 'vitest';
import { PeekCommand } from './peek-command.ts';

/** A program that prints a document, in place of `peek`. */
const printing = (script: string) => new PeekCommand([process.execPath, '-e', script, '--'], '/run');

describe('the newest rows', () => {
  it('are those that the command prints for the output', async () => {
    const peek = printing(
      `console.log(JSON.stringify({rows: [{a: process.argv.slice(1).join(' '), b: null, c: process.env.RUN_DIR}]}))`,
    );
    expect(await peek.rows('silver')).toEqual({
      output: 'silver',
      rows: [{ a: 'silver --limit 20', b: null, c: '/run' }],
    });
  });

  it('are not read again at once', async () => {
    const peek = printing(`console.log(JSON.stringify({rows: [{a: String(Math.random())}]}))`);
    expect(await peek.rows('silver')).toEqual(await peek.rows('silver'));
  });

  it('are read for one request at a time', async () => {
    const peek = printing(`setTimeout(() => console.log('{"rows":[]}'), 300)`);
    const first = peek.rows('silver');
    await expect(peek.rows('bronze')).rejects.toMatchObject({ reason: 'busy' });
    expect((await first).rows).toEqual([]);
    expect((await peek.rows('bronze')).rows).toEqual([]);
  });

  it('are cut where values are long', async () => {
    const peek = printing(`console.log(JSON.stringify({rows: [{a: 'x'.repeat(1e6)}]}))`);
    expect((await peek.rows('bronze')).rows[0]?.['a']).toHaveLength(401);
  });

  it.each([
    [
      `console.log('{"error":{"message":"No micro-batch has left rows yet."}}')`,
      'No micro-batch has left rows yet.',
    ],
    [`console.log('half a doc')`, 'could not be read in time'],
    ['process.exit(1)', 'could not be read in time'],
  ])('are refused with a reason: %s', async (script, reason) => {
    await expect(printing(script).rows('gold')).rejects.toThrow(reason);
  });

  it('are unsupported where there is no command', async () => {
    await expect(new PeekCommand(undefined, undefined).rows('gold')).rejects.toMatchObject({
      reason: 'unsupported',
    });
  });

  it('have nothing of the environment but what a program needs', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'secret';
    const peek = printing(`console.log(JSON.stringify({rows: [{a: Object.keys(process.env).join(' ')}]}))`);
    expect((await peek.rows('silver')).rows[0]?.['a']).not.toContain('AWS');
    delete process.env['AWS_SECRET_ACCESS_KEY'];
  });
});
