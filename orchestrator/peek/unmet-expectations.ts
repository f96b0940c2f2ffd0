import type { SinkFile } from '../lake/committed-files.ts';
import type { Database } from '../lake/database.ts';
import { columnsOfOutput, relationOf } from '../lake/file-source.ts';
import { expressionSql } from '../lake/pipeline-sql.ts';
import type { Pipeline } from '../pipeline/model.ts';

/** An expectation of `expect`, with the rows of silver for which it is false. */
export interface UnmetExpectation {
  readonly name: string;
  readonly rows: number;
}

/** The rows of silver's files for which each expectation is false, in the pipeline's order. */
export async function unmetExpectations(
  database: Database,
  pipeline: Pipeline,
  files: readonly SinkFile[],
): Promise<readonly UnmetExpectation[]> {
  const { expect } = pipeline.expectations;
  if (expect.length === 0) return [];
  const counts = expect.map(({ expression }) => `count(*) FILTER (NOT ${expressionSql(expression)})`);
  const silver = await relationOf('silver', columnsOfOutput(pipeline, 'silver'), files);
  const [row = []] = await database.all(`SELECT ${counts.join(', ')} FROM (${silver})`);
  return expect.map(({ name }, at) => ({ name, rows: Number(row[at] ?? 0) }));
}
