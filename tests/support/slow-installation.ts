import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureInstalled, type Recipe } from '../../orchestrator/toolchain/installation.ts';

/**
 * A recipe with a real tool that waits until the file `go` exists and records each of its starts.
 */
export function slowRecipe(parent: string, changes: Partial<Recipe> = {}): Recipe {
  return {
    folder: join(parent, 'thing'),
    subject: 'the thing',
    recipe: 'thing 1',
    neededBytes: 1000,
    resumable: false,
    build: async ({ folder, run, say }) => {
      appendFileSync(join(parent, 'starts'), 'x');
      writeFileSync(join(folder, `part-of-${process.pid}`), '');
      say('making the thing');
      const wait = `echo $$ > ${parent}/tool; while [ ! -e ${parent}/go ]; do sleep 0.02; done; echo made > ${folder}/content`;
      const end = await run({ file: '/bin/sh', args: ['-c', wait], environment: process.env });
      if (!end.succeeded) throw new Error(`the tool ended with ${end.detail}`);
      return { files: ['content'], facts: {} };
    },
    ...changes,
  };
}

/** How often the tool was started. */
export function startsOf(parent: string): number {
  const file = join(parent, 'starts');
  return existsSync(file) ? readFileSync(file, 'utf8').length : 0;
}

/** The file as a separate program: `node --import tsx slow-installation.ts <parent>`. */
const [parent] = process.argv[1] === import.meta.filename ? process.argv.slice(2) : [];
if (parent !== undefined) {
  await ensureInstalled(slowRecipe(parent), parent, {
    signal: new AbortController().signal,
    onDetail: (detail) => process.stdout.write(`${detail}\n`),
  });
}
