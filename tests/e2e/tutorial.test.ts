import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyCheckout } from '../support/checkout-copy.ts';
import { projectDir } from '../support/project.ts';
import { TestStack } from '../support/test-stack.ts';
import { blocksOf, type ConsoleBlock, changed, firstDifference, withOutputs } from '../support/tutorial.ts';
import { until } from '../support/until.ts';

const PATH = join(projectDir, 'docs', 'tutorial.md');
/** Writes the outputs into the document instead of comparing them. */
const writes = process.env['WRITE_TUTORIAL'] === '1';

let checkout: string;
let stack: TestStack;

beforeAll(async () => {
  checkout = join(mkdtempSync(join(tmpdir(), 'tutorial-')), 'medallion-stream');
  copyCheckout(checkout);
  stack = (await TestStack.create()).from(checkout);
});
afterAll(async () => {
  await stack?.discard();
  rmSync(join(checkout, '..'), { recursive: true });
});

/** An output as a user of the checkout sees it: with the default ports and folders. */
function asUser(text: string): readonly string[] {
  const defaults = [
    [stack.ports.SPARK_MASTER_UI_PORT, 8080],
    [stack.ports.SPARK_WORKER_UI_PORT, 8081],
    [stack.ports.SPARK_APP_UI_PORT, 4040],
    [stack.ports.DASHBOARD_PORT, 5080],
    [stack.ports.KAFKA_PORT, 9094],
    [stack.ports.ZOOKEEPER_PORT, 2181],
    [stack.ports.SPARK_MASTER_PORT, 7077],
  ] as const;
  let shown = text.replaceAll(join(stack.folder, 'output'), 'data/output').replaceAll(`${checkout}/`, '');
  for (const [port, usual] of defaults) shown = shown.replaceAll(`:${port}`, `:${usual}`);
  // Which service is ready last differs from run to run, and only a slow machine sends so few events
  // so slowly that the producer says how far it is.
  return shown
    .trimEnd()
    .replace(/^Longest chain: .*$/m, '…')
    .replace(/^\[producer\] (?:sent=|waiting \(|going on after ).*\n/gm, '')
    .split('\n');
}

/** Waits for the windows that the events have closed, as a reader of the tutorial does. */
async function goldWritten(): Promise<void> {
  await until(
    () => 'gold has no window',
    120_000,
    async () => {
      const { stream } = await stack.json<{ stream: { rows: Record<string, number> } }>('status');
      return (stream.rows['gold'] ?? 0) > 0 || undefined;
    },
  );
}

it('each command of the tutorial ends with 0 and prints what the tutorial shows', async () => {
  const document = readFileSync(PATH, 'utf8');
  const outputs: { readonly block: ConsoleBlock; readonly lines: readonly string[] }[] = [];
  for (const block of blocksOf(document)) {
    if (block.kind === 'diff') {
      const path = join(checkout, block.file);
      writeFileSync(path, changed(readFileSync(path, 'utf8'), block));
      continue;
    }
    const { code, stdout, stderr } = await stack.npm(block.args);
    expect(code, `${block.args.join(' ')}: ${stderr}${stdout}`).toBe(0);
    if (['produce', 'reset'].includes(block.args[0] ?? '')) await goldWritten();
    const lines = asUser(stdout);
    outputs.push({ block, lines });
    if (!writes) expect(firstDifference(block.shown, lines), stdout).toBeUndefined();
  }
  expect(outputs.length).toBeGreaterThan(0);
  if (writes) writeFileSync(PATH, withOutputs(document, outputs));
});
