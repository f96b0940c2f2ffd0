import { join } from 'node:path';
import { z } from 'zod';
import { PipelineCopy } from '../../tests/support/pipeline-copy.ts';
import { projectDir } from '../../tests/support/project.ts';
import { drainInTurns, ratiosToFirst, speedSummary } from '../drain/drain-in-turns.ts';
import { describeMachine } from '../measure/machine.ts';
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

/**
 * The cost of reading events that are escaped, pretty-printed, nested or of a contract of one's own,
 * by their bytes.
 */
export const forms = benchCommand({
  name: 'forms',
  summary:
    "The job's drain of flat, escaped, pretty-printed and nested events, and those of another contract, by their bytes",
  shape,
  run: (options, signal) =>
    BenchStack.with({}, signal, async (stack) => {
      const nested = new PipelineCopy(join(stack.folder, 'nested'));
      nested.change('contract.odcs.yaml', (text) => `${text}${NESTED_FIELDS}`);
      nested.generate();
      const own = new PipelineCopy(join(stack.folder, 'own'), join(projectDir, 'bench/topic/readings'));
      own.generate();
      const pipelines: Partial<Record<EventForm, PipelineCopy>> = { nested, own };

      const topics = new Map<EventForm, SizedTopic>();
      for (const form of options.forms) {
        say(`filling a topic with ${whole(options.records)} records, ${form}`);
        const { records, partitions } = options;
        topics.set(form, await fillTopic(stack, form, records, partitions, signal, form));
      }
      const sizeOf = (form: EventForm) => topics.get(form)?.bytesPerRecord ?? 0;
      const drained = await drainInTurns(
        stack,
        [...topics].map(([name, topic]) => {
          const pipeline = pipelines[name]?.folder;
          return { name, topic, ...(pipeline !== undefined && { pipeline }) };
        }),
        {
          rounds: options.rounds,
          warmUp: options.warm_up,
          speedOf: ({ records, seconds }, form) => (records * sizeOf(form)) / seconds,
          shown: (speed) => `${megabytes(speed)} MB/s`,
        },
        signal,
      );
      return {
        machine: describeMachine(stack.config, stack.javaHome),
        options,
        columns: ['form', 'bytes/record', 'MB/s (median)', 'least', 'most', 'records/s'],
        rows: options.forms.map((form) => {
          const { median, min, max } = speedSummary(drained, form);
          const figures = [median, min, max].map(megabytes);
          return [form, whole(sizeOf(form)), ...figures, whole(median / sizeOf(form))];
        }),
        notes: ratiosToFirst(
          drained,
          options.forms,
          (form, ratio, first) => `${form}: ${ratio} × the bytes a second of ${first}`,
        ),
        figures: drained.map(({ name: form, speed: bytesPerSecond, ...one }) => ({
          ...one,
          form,
          bytesPerSecond,
        })),
      };
    }),
});

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
