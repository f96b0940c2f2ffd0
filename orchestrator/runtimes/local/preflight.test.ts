import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LightStack, look } from '../../../tests/support/light-stack.ts';
import { SERVICES } from '../../services/services.ts';
import { runLayout } from './launch.ts';
import { checkFoldersAndPorts } from './preflight.ts';

const never = new AbortController().signal;
const stacks: LightStack[] = [];
const servers: Server[] = [];
const folders: string[] = [];

async function create(options?: Parameters<typeof LightStack.create>[0]): Promise<LightStack> {
  const stack = await LightStack.create(options);
  stacks.push(stack);
  return stack;
}
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  for (const stack of stacks.splice(0)) await stack.dispose();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function listen(port: number): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

/**
 * A service that listens on a port. It is written for Node, as every other program might be missing
 * here.
 */
const listening = (setting: string) =>
  `exec "${process.execPath}" -e 'require("node:net").createServer().listen(Number(process.argv[1]), "127.0.0.1", () => console.log("listening"))' $(cat ../${setting})`;

/** The light service reads its port from a file: settings are chosen when the stack is made. */
function writePort(stack: LightStack, setting: 'KAFKA_PORT'): void {
  mkdirSync(stack.config.runDir, { recursive: true });
  writeFileSync(join(stack.config.runDir, '..', setting), String(stack.config.settings[setting]));
}

describe.runIf(process.platform === 'linux')('preflight of the local runtime', () => {
  it('refuses several workers and names the setting', async () => {
    const { config } = await create();
    const several = { ...config, settings: { ...config.settings, SPARK_WORKERS: 3 } };
    await expect(checkFoldersAndPorts(several, runLayout(config.runDir), SERVICES)).rejects.toMatchObject({
      code: 'BAD_SETTING',
      message: expect.stringContaining('SPARK_WORKERS=3'),
    });
  });

  it('names port, owner and setting when another process holds the port', async () => {
    const stack = await create();
    await listen(stack.config.settings.KAFKA_PORT);
    await expect(stack.runtime().preflight(never)).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringMatching(
        new RegExp(`^KAFKA_PORT=${stack.config.settings.KAFKA_PORT} .*process ${process.pid} \\(`),
      ),
      hint: expect.stringContaining('KAFKA_PORT'),
    });
  });

  it('names the folder of another stack that holds the port, and accepts the own one', async () => {
    const stack = await create({ scripts: { kafka: listening('KAFKA_PORT') } });
    writePort(stack, 'KAFKA_PORT');
    const runtime = stack.runtime();
    await runtime.start('kafka', never);
    await expect
      .poll(async () => (await look(runtime, 'kafka')).recentLines, { timeout: 10_000 })
      .toEqual(['listening']);
    await runtime.preflight(never);
    const other = await create({ environment: { KAFKA_PORT: String(stack.config.settings.KAFKA_PORT) } });
    await expect(other.runtime().preflight(never)).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`of the stack in ${stack.config.runDir}`),
    });
    await runtime.close();
  });

  it('refuses one port for two services', async () => {
    const stack = await create({ environment: { KAFKA_PORT: '29094', ZOOKEEPER_PORT: '29094' } });
    await expect(stack.runtime().preflight(never)).rejects.toMatchObject({
      code: 'BAD_SETTING',
      message: 'ZOOKEEPER_PORT and KAFKA_PORT are both 29094.',
    });
  });

  it('refuses an output folder that cannot be made, and makes none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
    folders.push(folder);
    writeFileSync(join(folder, 'file'), '');
    const stack = await create({ environment: { OUTPUT_DIR: join(folder, 'file', 'output') } });
    await expect(stack.runtime().preflight(never)).rejects.toMatchObject({
      code: 'OUTPUT_NOT_WRITABLE',
      message: expect.stringContaining(`OUTPUT_DIR=${join(folder, 'file', 'output')}`),
    });
  });

  it('refuses a RUN_DIR with files of others before anything is written there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'preflight-'));
    folders.push(folder);
    writeFileSync(join(folder, 'thesis.docx'), '');
    const stack = await create({ environment: { RUN_DIR: folder } });
    await expect(stack.runtime().preflight(never)).rejects.toMatchObject({ code: 'UNSAFE_PATH' });
    await expect(stack.runtime().start('kafka', never)).rejects.toMatchObject({ code: 'UNSAFE_PATH' });
  });
});
