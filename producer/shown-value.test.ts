import { describe, expect, it } from 'vitest';
import { shortened, shownValue } from './errors.ts';

describe('shownValue', () => {
  it('shows a value in quotation marks, with escapes for line breaks and control characters', () => {
    expect(shownValue('a\nb\x1b[31m"')).toBe('"a\\nb\\u001b[31m\\""');
    expect(shownValue(undefined)).toBe('""');
    expect(shownValue('x'.repeat(250))).toBe(`"${'x'.repeat(250)}"`);
  });

  it('cuts a long value and says how long it is', () => {
    expect(shownValue('x'.repeat(10_000))).toBe(`"${'x'.repeat(100)}"… (10,000 characters)`);
    expect(shortened('x'.repeat(251))).toBe(`${'x'.repeat(100)}… (251 characters)`);
  });

  it('cuts between characters, not within one', () => {
    expect(shownValue('😀'.repeat(200))).toBe(`"${'😀'.repeat(100)}"… (400 characters)`);
  });
});
