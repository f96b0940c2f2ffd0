import type { Cell, Database } from '../lake/database.ts';
import { messageOf } from '../util/product-error.ts';

/** What stands in the place of texts that cannot be shown, as SQL. */
export const HIDDEN = "'(hidden: not UTF-8)'";

/**
 * The rows of a small result with texts that hold records' bytes as received. DuckDB 1.5 refuses a
 * whole page of them for one value that is not UTF-8, so the query then runs without these texts.
 * Later versions can replace such bytes (utf8_validation).
 * @param select the query; `hidden`: with `HIDDEN` in place of the texts
 */
export async function readableRows(
  database: Database,
  select: (hidden: boolean) => string,
): Promise<readonly (readonly Cell[])[]> {
  try {
    return await database.all(select(false));
  } catch (error) {
    if (!/not valid UTF8|Invalid string encoding|invalid unicode/i.test(messageOf(error))) throw error;
    return database.all(select(true));
  }
}
