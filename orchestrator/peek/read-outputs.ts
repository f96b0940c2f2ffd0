import { type Database, isVanished, withDatabase } from '../lake/database.ts';
import { outputChanged } from '../lake/sinks.ts';

/** How often the reading starts over because files were pruned or replaced during it. */
const ATTEMPTS = 5;

/**
 * Reads outputs with a database of its own, even while a job writes and prunes them: when a file
 * disappears during the reading, it starts over.
 * @throws ProductError OUTPUT_CHANGED after several attempts; the signal's reason; what `read` throws
 */
export function readOutputs<T>(
  signal: AbortSignal | undefined,
  read: (database: Database) => Promise<T>,
): Promise<T> {
  return withDatabase(signal, async (database) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await read(database);
      } catch (error) {
        if (!isVanished(error)) throw error;
        if (attempt === ATTEMPTS) throw outputChanged(error);
      }
    }
  });
}
