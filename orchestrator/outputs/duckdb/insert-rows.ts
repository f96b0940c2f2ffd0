import type { Database } from './database.ts';

/** Rows that are written by one statement. */
const AT_ONCE = 1000;

/**
 * Puts rows into a table, a thousand by a statement.
 * @param rows each as SQL, `(1, 'a')`
 */
export async function insertRows(database: Database, table: string, rows: readonly string[]): Promise<void> {
  for (let from = 0; from < rows.length; from += AT_ONCE) {
    await database.run(`INSERT INTO ${table} VALUES ${rows.slice(from, from + AT_ONCE).join(', ')}`);
  }
}
