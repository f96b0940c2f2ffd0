import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scratchFolder } from '../../tests/support/scratch-folder.ts';
import { assertSystem, missingOfSystem } from './install-advice.ts';

test('this machine, which runs the tests, has what local processes need', () => {
  expect(missingOfSystem(process.env)).toEqual([]);
  expect(() => assertSystem(process.env)).not.toThrow();
});

test.skipIf(process.platform !== 'linux')('Alpine lacks glibc and bash, and Compose is the way there', () => {
  const node = join(scratchFolder(), 'node');
  writeFileSync(
    node,
    Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(600), Buffer.from('/lib/ld-musl-x86_64.so.1\0')]),
  );
  const attempt = () => assertSystem({ PATH: '' }, node);
  expect(attempt).toThrow(
    'The local runtime needs glibc (this system has musl) and bash (not on PATH); nothing was downloaded.',
  );
  expect(attempt).toThrow(
    expect.objectContaining({ exitCode: 3, hint: expect.stringContaining('--runtime compose') }),
  );
});
