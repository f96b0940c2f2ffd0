import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertUpToDate, generate } from './resolve.ts';

const projectDir = resolve(fileURLToPath(import.meta.url), '../../..');
let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'generate-'));
  folder = join(root, 'transactions');
  cpSync(join(projectDir, 'pipelines', 'transactions'), folder, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true }));

const resolved = () => readFileSync(join(folder, 'pipeline.json'), 'utf8');
const edit = (name: string, old: string, now: string) => {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  expect(text).toContain(old);
  writeFileSync(path, text.replace(old, now));
};

describe('generating pipeline.json', () => {
  it('changes nothing where it says what the files say', () => {
    const before = resolved();
    expect(generate(folder, root, 'write')).toBe(false);
    expect(resolved()).toBe(before);
  });

  it('writes what the files say now; a check only finds it', () => {
    const before = resolved();
    edit('pipeline.yml', 'max_amount: max(amount)', 'max_amount: max(amount)\n      min_amount: min(amount)');
    expect(generate(folder, root, 'check')).toBe(true);
    expect(resolved()).toBe(before);
    expect(generate(folder, root, 'write')).toBe(true);
    expect(resolved()).toContain('"min_amount"');
    expect(generate(folder, root, 'check')).toBe(false);
  });

  it('takes an optional field from the contract alone', () => {
    edit(
      'contract.odcs.yaml',
      '      - name: city\n',
      '      - { name: device, logicalType: string }\n      - name: city\n',
    );
    generate(folder, root, 'write');
    expect(JSON.parse(resolved()).fields.map(({ name }: { name: string }) => name)).toContain('device');
  });

  it('keeps the file of before when it refuses', () => {
    const before = resolved();
    edit('pipeline.yml', '5 minutes', '5 minuts');
    expect(() => generate(folder, root, 'write')).toThrow(
      'transactions/pipeline.yml:8:43: "5 minuts" is no duration',
    );
    expect(resolved()).toBe(before);
    expect(existsSync(join(folder, 'pipeline.json.part'))).toBe(false);
  });

  it('names a file that is missing', () => {
    rmSync(join(folder, 'contract.odcs.yaml'));
    expect(() => generate(folder, root, 'write')).toThrow(
      /^transactions\/pipeline.yml: ENOENT.*; allowed: a file contract.odcs.yaml in transactions/,
    );
  });
});

describe('before a start', () => {
  const refusal = (): unknown => {
    try {
      assertUpToDate(folder, projectDir);
      return undefined;
    } catch (error) {
      return error;
    }
  };

  it('nothing is refused where pipeline.json is what the files say, or is all there is', () => {
    expect(refusal()).toBeUndefined();
    rmSync(join(folder, 'pipeline.yml'));
    expect(refusal()).toBeUndefined();
  });

  it.each([
    ['older', () => edit('pipeline.yml', 'partitions: 3', 'partitions: 4')],
    ['missing', () => rmSync(join(folder, 'pipeline.json'))],
  ])('a pipeline.json that is %s is refused with the command that writes it', (_, change) => {
    change();
    expect(refusal()).toMatchObject({
      code: 'BAD_PIPELINE',
      message: expect.stringContaining(join(folder, 'pipeline.json')),
      hint: `\`npm run generate -- ${folder}\` writes it.`,
    });
  });

  it('broken files are refused with their places', () => {
    edit('pipeline.yml', '5 minutes', '5 minuts');
    expect(refusal()).toMatchObject({
      code: 'BAD_PIPELINE',
      message: expect.stringMatching(/pipeline\.yml:\d+:\d+: "5 minuts" is no duration; allowed: /),
    });
  });
});
