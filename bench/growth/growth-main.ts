import { parseArgs } from 'node:util';
import { runGrowth } from './run-growth.ts';

/**
 * `npx tsx bench/growth/growth-main.ts [--batches 5000] [--trigger "100 milliseconds"] [--rate 20]
 * [--warm-up 200] [--samples 20]`
 *
 * Exit code 0 when everything is flat and `verify` found no difference, 5 otherwise.
 */
const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '5000' },
    trigger: { type: 'string', default: '100 milliseconds' },
    rate: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '200' },
    samples: { type: 'string', default: '20' },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const { batches, records, growth, equal } = await runGrowth({
  batches: Number(values.batches),
  trigger: values.trigger,
  rate: Number(values.rate),
  warmUp: Number(values['warm-up']),
  samples: Number(values.samples),
  onProgress: say,
});
say(`\n${batches} micro-batches, ${records} records; change per 1,000 micro-batches:`);
for (const { quantity, unit, first, last, per1000, tolerance, flat } of growth) {
  say(
    `${flat ? 'flat ' : 'GROWS'} ${quantity.padEnd(36)} ${per1000.toFixed(1).padStart(8)} ${unit} (allowed ${tolerance}), ` +
      `from ${first.toFixed(1)} to ${last.toFixed(1)}`,
  );
}
say(equal ? 'verify: equal' : 'verify: DIFFERENT');
process.exitCode = equal && growth.every(({ flat }) => flat) ? 0 : 5;
