import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

// The image runs the compiled producer on Node alone, which resolves imports more strictly than a
// loader of TypeScript. The test compiles exactly what the Dockerfile copies.
const projectDir = join(import.meta.dirname, '..');
const modules = join(projectDir, 'node_modules');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'producer-image-'));
  const sources = join(folder, 'app');
  for (const [from, to] of copiedSources()) cpSync(join(projectDir, from), to(sources), { recursive: true });
  symlinkSync(modules, join(sources, 'node_modules'));
  const build = ['-p', join(sources, 'producer', 'tsconfig.build.json'), '--outDir', join(folder, 'dist')];
  const { status, stdout } = spawnSync(join(modules, '.bin', 'tsc'), build, { encoding: 'utf8' });
  expect([status, stdout]).toEqual([0, '']);
  writeFileSync(join(folder, 'dist', 'package.json'), '{"type":"module"}');
  symlinkSync(modules, join(folder, 'dist', 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('is compiled to what Node runs by itself', () => {
  const env = { PATH: process.env['PATH'], MSGS_PER_SEC: 'abc' };
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'dist', mainFile())], {
    env,
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^\[producer\] MSGS_PER_SEC="abc" is not allowed/);
  expect(status).toBe(2);
});

it('has the dashboard, which runs in the same way', () => {
  const env = { PATH: process.env['PATH'], TRIGGER_INTERVAL: 'abc' };
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'dist', 'dashboard', 'main.js')], {
    env,
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^\[dashboard\] TRIGGER_INTERVAL="abc" is not allowed/);
  expect(status).toBe(2);
});

it("has the dashboard's reader, with the database", () => {
  const reader = join(folder, 'dist', 'dashboard', 'reader', 'reader-main.js');
  // Without a channel there is nothing to answer.
  const { status, stderr } = spawnSync(process.execPath, [reader], {
    env: { PATH: process.env['PATH'], PIPELINE: join(projectDir, 'pipelines', 'transactions') },
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
});

const dockerfile = () => readFileSync(join(projectDir, 'producer', 'Dockerfile'), 'utf8');

/** The sources that the Dockerfile copies into /app, and the place of each below it. */
function copiedSources(): readonly (readonly [string, (app: string) => string])[] {
  const copies = [...dockerfile().matchAll(/^COPY (?!--)(.+) \/app\/(.*)$/gm)];
  return copies.flatMap(([, from = '', to = '']) =>
    from
      .split(' ')
      .map(
        (source) =>
          [
            source,
            (app: string) => join(app, to === '' || to.endsWith('/') ? join(to, basename(source)) : to),
          ] as const,
      ),
  );
}

/** What the image runs, as a path in its folder. */
function mainFile(): string {
  return /"([^"]+\.js)"\]$/m.exec(dockerfile())?.[1] ?? 'no file in CMD';
}
