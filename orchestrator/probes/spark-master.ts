import { z } from 'zod';
import { readJson } from './read-json.ts';

/**
 * The part that we read of the standalone master's `/json/` page.
 * Source: org.apache.spark.deploy.JsonProtocol.writeMasterState.
 */
const masterState = z.object({
  status: z.string(),
  workers: z.array(z.object({ state: z.string(), cores: z.number(), memory: z.number() })),
});

/**
 * What a standalone master's page says of it and its workers; memory is in MiB.
 * @throws Error when it does not answer, or with something else; the signal's reason
 */
export async function readMaster(
  ui: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<z.infer<typeof masterState>> {
  return masterState.parse(await readJson(ui, '/json/', signal));
}
