import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectDir } from '../../tests/support/project.ts';
import { type Drained, drainSide } from '../drain/drain-side.ts';
import { describeMachine } from '../measure/machine.ts';
import { orderOf, summarise } from '../measure/statistics.ts';
import { count, countOrNone, someOf } from '../options.ts';
import { whole } from '../report/results.ts';
import { BenchStack } from '../stack/bench-stack.ts';
import { EVENT_FORMS, type EventForm, NESTED_FIELDS } from '../topic/event-forms.ts';
import { fillTopic, type SizedTopic } from '../topic/fill-topic.ts';
import { benchCommand, say } from './bench-command.ts';

const shape = z.object({
  records: count(1_000_000, 'Records to drain'),
  warm_up: countOrNone(300_000, 'Records that are drained twice before, in the same application'),
  partitions: count(3, 'Partitions of the topics'),
  rounds: count(3, 'Rounds; the order of the forms alternates'),
  forms: someOf(EVENT_FORMS, 'Forms of the events'),
});

/** The cost of reading events that are escaped, pretty-printed or nested, by their bytes. */
export const forms = benchCommand({
  name: 'forms',
  summary: "The job's drain of flat, escaped, pretty-printed and nested events, by their bytes",
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const nested = join(stack.folder, 'nested');
      cpSync(join(projectDir, 'pipelines', 'transactions'), nested, { recursive: true });
      appendFileSync(join(nested, 'contract.odcs.yaml'), NESTED_FIELDS);
      execFileSync('npm', ['run', '--silent', 'generate', '--', nested], { cwd: projectDir });

      const topics = new Map<EventForm, SizedTopic>();
      for (const form of options.forms) {
        say(`filling a topic with ${whole(options.records)} records, ${form}`);
        const { records, partitions } = options;
        topics.set(form, await fillTopic(stack, form, records, partitions, signal, form));
      }
      const drained: (Drained & { form: EventForm; bytesPerSecond: number })[] = [];
      for (let round = 0; round < options.rounds; round++) {
        for (const [form, topic] of orderOf([...topics], round)) {
          const plan = {
            topic,
            records: topic.records,
            warmUp: options.warm_up,
            maxOffsetsPerTrigger: 0,
            conf: [],
            ...(form === 'nested' && { pipeline: nested }),
          };
          const one = await drainSide(stack, 'medallion', plan, signal);
          const bytesPerSecond = (one.records * topic.bytesPerRecord) / one.seconds;
          drained.push({ ...one, form, bytesPerSecond });
          say(`round ${round + 1}, ${form}: ${megabytes(bytesPerSecond)} MB/s`);
        }
      }
      const of = (form: EventForm) =>
        summarise(drained.filter((one) => one.form === form).map((one) => one.bytesPerSecond));
      const sizeOf = (form: EventForm) => topics.get(form)?.bytesPerRecord ?? 0;
      const [first, ...others] = options.forms;
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['form', 'bytes/record', 'MB/s (median)', 'least', 'most', 'records/s'],
        rows: options.forms.map((form) => {
          const { median, min, max } = of(form);
          const figures = [median, min, max].map(megabytes);
          return [form, whole(sizeOf(form)), ...figures, whole(median / sizeOf(form))];
        }),
        notes: first
          ? others.map(
              (form) =>
                `${form}: ${(of(form).median / of(first).median).toFixed(2)} × the bytes a second of ${first}`,
            )
          : [],
        figures: drained,
      };
    }),
});

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
