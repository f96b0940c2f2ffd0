import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { newPipeline } from './new-pipeline.ts';
import { reportJson, reportText } from './report-text.ts';

function made(text: string) {
  const request = { name: 'shop', from: '-', topic: undefined, key: undefined, eventTime: undefined };
  return newPipeline({ ...request, projectDir: scratchFolder(), stdin: Readable.from([Buffer.from(text)]) });
}

const repeated = (event: object, count: number) => `${JSON.stringify(event)}\n`.repeat(count);

it('tells of fields that not every event has, of what is left out, and of what was skipped', async () => {
  const result = await made('{"id":1,"note":"x"}\n{"id":2,"odd":{}}\nbroken\n');
  const text = reportText(result);
  expect(text).toContain('  note  string   optional: 1 of 2 events have no note');
  expect(text).toMatch(/ {2}odd {2}left out: its objects have no members/);
  expect(text).toContain('1 part of the file is no event and was skipped: line 3: no valid JSON: "broken".');
  expect(text).toContain('2 of 2 events become silver rows.');
  expect(reportJson(result)).toMatchObject({
    source: { skipped: [{ line: 3 }] },
    leftOut: [{ field: 'odd' }],
  });
});

it('tells how many events go to quarantine, and why', async () => {
  const text = reportText(
    await made(repeated({ id: 'x1', v: 1 }, 150) + repeated({ id: 'x1', v: 'none' }, 1)),
  );
  expect(text).toContain('150 of 151 events become silver rows; 1 goes to quarantine: bad_v 1.');
  expect(reportText(await made('{"id":1}'))).toContain('1 of 1 event becomes a silver row.');
});

it('of many fields has only those of the event itself; as JSON it has all', async () => {
  const inner = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`f${at}`, at]));
  const result = await made(repeated({ id: 1, inner }, 20));
  expect(reportText(result)).toContain('inner  object   required; 50 fields inside, see the contract');
  expect(reportText(result)).not.toContain('inner.f7');
  expect(reportJson(result)['fields']).toHaveLength(52);
});

it('tells of events that gold would drop as late', async () => {
  const times = ['10:00:00', '10:10:00', '10:01:00', '10:11:00'];
  const result = await made(times.map((time) => `{"ts":"2026-01-31T${time}Z"}\n`).join(''));
  expect(reportText(result)).toContain('1 event in the file is more than 5 minutes behind an earlier one');
});
