import { writeFileSync } from 'node:fs';
import { createRecordSource } from '../../producer/generate.ts';
import { javaPartitioner } from '../../producer/partitioner.ts';
import { createPopulation } from '../../producer/population.ts';
import { seededRandom } from '../../producer/random.ts';

const ROWS_OF_A_PARTITION = 5000;

/**
 * Draws records of the product's own producer, always the same ones, and writes what follows their event time: lines of
 * partition, row, key and the end of the JSON, separated by tabs. `fill_topic.py` puts ids and event times in front.
 */
export function writeRecordPool(path: string, topic: string, partitions: number): void {
  const source = createRecordSource(createPopulation(), seededRandom([1, 2, 3, 4]));
  const partitionOf = javaPartitioner(topic, partitions);
  const filled = Array.from({ length: partitions }, () => 0);
  const lines: string[] = [];
  while (lines.length < ROWS_OF_A_PARTITION * partitions) {
    const { key, value } = source.next(0);
    const partition = partitionOf(key);
    const row = filled[partition] ?? 0;
    if (row === ROWS_OF_A_PARTITION) continue;
    filled[partition] = row + 1;
    lines.push([partition, row, key, value.slice(value.indexOf(',"user_id"'))].join('\t'));
  }
  writeFileSync(path, `${lines.join('\n')}\n`);
}
