import { writeFileSync } from 'node:fs';
import { javaPartitioner } from '../../producer/deliver/kafka-session.ts';
import { createPopulation } from '../../producer/generate/population.ts';
import { seededRandom } from '../../producer/generate/random.ts';
import { createRecordSource } from '../../producer/generate/transactions.ts';
import { type EventForm, inForm } from './event-forms.ts';

const ROWS_OF_A_PARTITION = 5000;
/** The prefix that `fill_topic.py` adds: two names, a UUID and a time. */
const FRONT_BYTES = 91;

/**
 * Draws records of the product's own producer, the same ones each time, and writes what follows
 * their event time: lines of partition, row, key and the end of the JSON as a JSON text, separated
 * by tabs. `fill_topic.py` adds ids and event times in front.
 */
export function writeRecordPool(
  path: string,
  topic: string,
  partitions: number,
  form: EventForm,
): { readonly bytesPerRecord: number } {
  const source = createRecordSource(createPopulation(), seededRandom([1, 2, 3, 4]));
  const partitionOf = javaPartitioner(topic, partitions);
  const filled = Array.from({ length: partitions }, () => 0);
  const lines: string[] = [];
  let bytes = 0;
  while (lines.length < ROWS_OF_A_PARTITION * partitions) {
    const { key, value } = source.next(0);
    const partition = partitionOf(key);
    const row = filled[partition] ?? 0;
    if (row === ROWS_OF_A_PARTITION) continue;
    filled[partition] = row + 1;
    const formed = inForm(value, form);
    // A pretty-printed event has line breaks between its members. The pool's lines encode them as
    // JSON.
    const rest = formed.slice(formed.search(/,\s*"user_id"/));
    bytes += FRONT_BYTES + Buffer.byteLength(rest);
    lines.push([partition, row, key, JSON.stringify(rest)].join('\t'));
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
  return { bytesPerRecord: bytes / lines.length };
}
