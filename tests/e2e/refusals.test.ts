import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { processesOf } from '../support/processes-of.ts';
import { statusOf } from '../support/stack-status.ts';
import { type CommandResult, TestStack } from '../support/test-stack.ts';

let stack: TestStack;
beforeEach(async () => {
  stack = await TestStack.create();
});
afterEach(() => stack.discard());

/** Expects one sentence, a hint, no stack trace, and that nothing was started. */
function expectRefusal(result: CommandResult, code: number, ...words: (string | RegExp)[]): void {
  expect(result.stderr).toMatch(/^error: .+ \[[A-Z_]+\]$/m);
  expect(result.stderr).toMatch(/^hint: .+$/m);
  expect(result.stderr).not.toMatch(/\n\s+at /);
  for (const word of words) expect(result.stderr).toMatch(word);
  expect(result.code).toBe(code);
  expect(processesOf(stack.folder)).toEqual([]);
}

describe('up refuses, before anything is touched,', () => {
  it.each([
    ['MSGS_PER_SEC', 'abc'],
    ['KAFKA_TOPIC', 'bad topic'],
    ['TRIGGER_INTERVAL', 'often'],
    ['GOLD_TRIGGER_INTERVAL', 'often'],
    ['PIPELINE', 'nowhere'],
    ['OUTPUT_DIR', '/'],
    ['RUN_DIR', '/'],
  ])('%s=%s with exit code 2', async (name, value) => {
    expectRefusal(await stack.run('up', [], { [name]: value }), 2, name, value);
    expect(existsSync(stack.runDir)).toBe(false);
    expect(existsSync(join(stack.folder, 'output'))).toBe(false);
  });

  it('an unknown option and an unknown command with exit code 2', async () => {
    expectRefusal(await stack.run('up', ['--msg-per-sec', '5']), 2, 'msg-per-sec');
    expectRefusal(await stack.run('upp'), 2, 'upp');
  });

  it('an OUTPUT_DIR that cannot be made, with exit code 2', async () => {
    const file = join(stack.folder, 'file');
    writeFileSync(file, '');
    expectRefusal(await stack.run('up', [], { OUTPUT_DIR: join(file, 'output') }), 2, 'OUTPUT_DIR', file);
  });

  it('a port that another program holds, naming port, owner and setting, with exit code 3', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(stack.ports.KAFKA_PORT, '127.0.0.1', resolve));
    try {
      const result = await stack.run('up');
      expectRefusal(result, 3, String(stack.ports.KAFKA_PORT), `process ${process.pid}`, 'KAFKA_PORT');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('a machine without Python, with exit code 3', async () => {
    const bin = mkdtempSync(join(tmpdir(), 'no-python-'));
    try {
      // Programs of every supported system: the services start with bash, and `flock` takes locks.
      for (const name of ['sh', 'bash', 'env', 'ps', 'flock']) {
        const found = ['/usr/bin', '/bin']
          .map((folder) => join(folder, name))
          .find((path) => existsSync(path));
        if (found) symlinkSync(found, join(bin, name));
      }
      const settings = { PATH: bin, XDG_CACHE_HOME: join(stack.folder, 'cache') };
      expectRefusal(await stack.run('up', [], settings), 3, /Python/);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });

  it('no network and an empty cache, with exit code 3 and within a minute', async () => {
    const begin = performance.now();
    const dead = 'http://127.0.0.1:9';
    const result = await stack.run('up', [], {
      XDG_CACHE_HOME: join(stack.folder, 'cache'),
      PIP_INDEX_URL: `${dead}/simple`,
      PIP_NO_CACHE_DIR: '1',
      PIP_FIND_LINKS: '',
      HTTPS_PROXY: dead,
      HTTP_PROXY: dead,
      https_proxy: dead,
      http_proxy: dead,
      NO_PROXY: 'localhost,127.0.0.1',
    });
    expectRefusal(result, 3, 'pyspark');
    // Nothing was made with this runtime, so the next `up` is free to use another one.
    expect(existsSync(join(stack.runDir, 'stack.json'))).toBe(false);
    expect(performance.now() - begin).toBeLessThan(60_000);
  });
});

describe('reset refuses', () => {
  it('OUTPUT_DIR=/ with exit code 2', async () => {
    expectRefusal(await stack.run('reset', ['--no-up'], { OUTPUT_DIR: '/' }), 2, 'OUTPUT_DIR');
  });

  it('a folder with files that it did not make, and deletes nothing', async () => {
    const bronze = join(stack.outputPath, 'bronze');
    mkdirSync(bronze, { recursive: true });
    writeFileSync(join(bronze, 'bronze_20260101_000000_0.parquet'), 'x');
    writeFileSync(join(bronze, 'thesis.doc'), 'mine');
    expectRefusal(await stack.run('reset', ['--no-up']), 2, 'thesis.doc');
    expect(readdirSync(bronze)).toHaveLength(2);
  });
});

describe('commands on a stack that does not run', () => {
  it('status shows every service stopped', async () => {
    const status = await statusOf(stack);
    expect(status.ready).toBe(false);
    expect(new Set(status.services.map(({ state }) => state))).toEqual(new Set(['stopped']));
  });

  it('verify says that the broker does not answer, with exit code 4', async () => {
    expectRefusal(await stack.run('verify'), 4, 'npm run up');
  });

  it('peek and logs are friendly when there is nothing yet', async () => {
    const peek = await stack.run('peek');
    expect(peek.stdout + peek.stderr).toMatch(/npm run status/);
    expect(await stack.run('logs')).toMatchObject({ code: 0 });
  });
});
