import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyCheckout } from '../support/checkout-copy.ts';
import { type CommandResult, TestStack } from '../support/test-stack.ts';
import { testingEngine } from '../support/testing-engine.ts';

const { engine } = await testingEngine();
const isRoot = process.getuid?.() === 0;

describe.skipIf(!engine || !isRoot)('a checkout at a path where the engine has another folder', () => {
  let folder: string;
  let seen: string;
  let stack: TestStack;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'medallion-elsewhere-'));
    copyCheckout(join(folder, 'checkout'));
    seen = join(folder, 'seen');
    mkdirSync(seen);
    stack = await TestStack.create();
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
    rmSync(stack.folder, { recursive: true });
  });

  /**
   * A command in its own mount namespace, in which the checkout is at this path, as in a
   * devcontainer.
   */
  async function up(settings: Readonly<Record<string, string>>): Promise<CommandResult> {
    const { OUTPUT_DIR: _output, RUN_DIR: _run, ...environment } = stack.environment;
    const script = `mount --bind "${join(folder, 'checkout')}" "${seen}" && cd "${seen}" && exec "$0" bootstrap.mjs up`;
    const child = spawn('unshare', ['-m', 'sh', '-c', script, process.execPath], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
    return { code, stdout, stderr };
  }

  it('is refused with the reason when Compose is set, and nothing is made on the side of the engine', async () => {
    const { code, stderr } = await up({ RUNTIME: 'compose' });
    expect(stderr).toContain(`the engine does not see ${seen}/spark-app as this command does`);
    expect(stderr).toContain('[NO_ENGINE]');
    expect(code).toBe(3);
    expect(readdirSync(seen)).toEqual([]);
  });

  it('is run with local processes by `auto`, which says why', async () => {
    // A port that is in use ends the command after it has chosen.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(stack.ports.KAFKA_PORT, '127.0.0.1', resolve));
    try {
      const { code, stderr } = await up({ RUNTIME: 'auto' });
      expect(stderr).toContain('runtime local: not Compose, since the engine does not see');
      expect(stderr).toContain('[PORT_TAKEN]');
      expect(code).toBe(3);
      expect(readdirSync(seen)).toEqual([]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe.skipIf(!engine)('a proxy of this machine alone', () => {
  it('is one sentence before anything is built', async () => {
    const stack = await TestStack.create({
      RUNTIME: 'compose',
      COMPOSE_PROJECT_NAME: `proxy-${process.pid}`,
    });
    const result = await stack.run('up', [], { HTTPS_PROXY: 'http://127.0.0.1:3128', NO_PROXY: '' });
    expect(result.stderr).toContain('HTTPS_PROXY=127.0.0.1:3128 is a proxy of this machine alone');
    expect(result.stderr).toContain('[NO_ENGINE]');
    expect(result.code).toBe(3);
    await stack.discard();
  });
});
