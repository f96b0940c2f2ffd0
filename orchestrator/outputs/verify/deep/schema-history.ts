import type { Field, Pipeline, Type } from '../../../pipeline/model.ts';
import type { Database } from '../../duckdb/database.ts';
import { BATCH_OF_FILE, FILE } from '../../duckdb/file-source.ts';
import { loadSink } from '../../duckdb/load-sink.ts';

/** Optional fields that were added to the pipeline when there were outputs already: older silver files lack their columns. */
export interface Addition {
  readonly fields: ReadonlySet<Field>;
  /** The last micro-batch with a silver file that lacks them. */
  readonly lackedThrough: number;
  /** The first micro-batch with a silver file that has them, or the next one to be committed. Those between have no silver file. */
  readonly hadFrom: number;
}

/** A column of a Parquet file, or a part of one. */
interface ColumnNode {
  readonly name: string;
  readonly children: readonly ColumnNode[];
}

/**
 * Tells by the columns of silver's files which optional fields were added to the pipeline, and when, the oldest addition first. It reads
 * the files' footers alone.
 * @param through the last committed micro-batch
 */
export async function readSchemaHistory(
  database: Database,
  {
    outputPath,
    pipeline,
    through,
  }: { readonly outputPath: string; readonly pipeline: Pipeline; readonly through: number },
): Promise<readonly Addition[]> {
  await database.run('CREATE TABLE silver_schemas (batch BIGINT, nodes VARCHAR)');
  const insert = (_source: string, list: string) => `
    INSERT INTO silver_schemas SELECT ${BATCH_OF_FILE}, nodes FROM (
      SELECT file_name AS ${FILE}, string_agg(name || ':' || coalesce(num_children, 0), ',' ORDER BY column_id) AS nodes
      FROM parquet_schema(${list}) GROUP BY file_name)`;
  await loadSink(database, { outputPath, sink: 'silver', through, insert });
  const found = await database.all('SELECT nodes, min(batch) FROM silver_schemas GROUP BY 1 ORDER BY 2');
  const schemas = found.map(([nodes, first]) => ({
    first: Number(first),
    lacks: lackedIn(pipeline.fields, columnTree(String(nodes))),
  }));
  const firstWith = (field: Field) =>
    schemas.find(({ lacks }) => !lacks.includes(field))?.first ?? through + 1;
  const lackedAtFirst = schemas[0]?.lacks ?? [];
  const additions: Addition[] = [];
  for (const hadFrom of [...new Set(lackedAtFirst.map(firstWith))].sort((one, other) => one - other)) {
    const fields = new Set(lackedAtFirst.filter((field) => firstWith(field) === hadFrom));
    const [last] = await database.all(`SELECT max(batch) FROM silver_schemas WHERE batch < ${hadFrom}`);
    additions.push({ fields, lackedThrough: Number(last?.[0]), hadFrom });
  }
  return additions;
}

/** @param nodes names with the numbers of their parts, depth first */
function columnTree(nodes: string): ColumnNode {
  const rest = nodes.split(',').values();
  const next = (): ColumnNode => {
    const [name = '', children] = rest.next().value?.split(':') ?? [];
    return { name, children: Array.from({ length: Number(children) }, next) };
  };
  return next();
}

/** The optional fields that have no column, those within objects and arrays as well. */
function lackedIn(fields: readonly Field[], parent: ColumnNode | undefined): readonly Field[] {
  return fields.flatMap((field) => {
    const column = parent?.children.find(({ name }) => name === field.name);
    // One that is required was always there; the event time has a column of another name.
    return [...(column || field.required ? [] : [field]), ...lackedInside(field.type, column)];
  });
}

function lackedInside(type: Type, column: ColumnNode | undefined): readonly Field[] {
  if (type.kind === 'object') return lackedIn(type.fields, column);
  // A list has a repeated group, which has the element.
  return type.kind === 'array' ? lackedInside(type.items.type, column?.children[0]?.children[0]) : [];
}
