import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { copyCheckout } from './checkout-copy.ts';
import type { CommandResult } from './test-stack.ts';

/** Two clones on one machine that differ only in their folders. */
export function twoCheckouts() {
  const folder = mkdtempSync(join(tmpdir(), 'medallion-clones-'));
  const [first, second] = ['first', 'second'].map((name) => join(folder, name)) as [string, string];
  for (const checkout of [first, second]) copyCheckout(checkout);
  return { folder, first, second };
}

/** Expects a refusal in one sentence that names the owner, without a stack trace. */
export function expectRefused({ code, stderr, stdout }: CommandResult, owner: string): void {
  expect(stderr).toContain('[FOREIGN_STACK]');
  expect(stderr).toContain(`belongs to the checkout ${owner}`);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
}

/** Commands that change a stack, each with its options as one text. */
export const CHANGES: readonly (readonly [command: string, options: string])[] = [
  ['down', ''],
  ['reset', '--no-up'],
  ['reset', '--keep-topic'],
  ['up', ''],
  ['down', '--take-over'],
  ['reset', '--no-up --take-over'],
];

export const wordsOf = (options: string): string[] => options.split(' ').filter((word) => word !== '');
