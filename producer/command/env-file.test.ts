// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what .env is about.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { parseEnvFile } from './env-file.ts';

const PLACE = '/home/me';
const read = (text: string | Uint8Array) =>
  parseEnvFile(typeof text === 'string' ? new TextEncoder().encode(text) : text, { PLACE, EMPTY: '' });

/** Files that Compose reads alike. */
const FILES = [
  'A=plain\nB=5 seconds\nC=-XX:+UseSerialGC -XX:TieredStopAtLevel=1\n',
  'A=~/x\nB=${PLACE}/x\nC=$PLACE/x\nD=$PLACE$PLACE_x\n',
  'A=/tmp/c#1/out\nB=/tmp/c #1/out\nC= #x\nD=#x\nE=x\t#y\nF=  # x\n',
  'A="x # y"\nB=\'x ${PLACE} # y\'\nC="x ${PLACE}"\nD="x" # y\nE=\'x\'# y\nF=""\nG=\'\'\n',
  'A=${NOPE:-x}\nB=${NOPE-y}\nC=${A}\nD=${PLACE:-x}\nE=${EMPTY:-x}\nF=${EMPTY-x}\nG=${NOPE}\n',
  'A=${PLACE:+x}\nB=${NOPE:+x}\nC=${EMPTY+x}\nD=${EMPTY:+x}\nE=${NOPE:-${PLACE}/${A}}\nF=${PLACE:?no}\n',
  'A=${B}\nB=later\nC=1\n\n\n# comment\n   # another\n  D=indented\n',
  'A="a\\nb\\tc\\\\d"\nB=\'a\\nb\'\nC=a\\nb\nD="with \\"quotes\\""\nE="x\\$PLACE"\nF=\'it\\\'s\'\n',
  'A="first\nsecond"\nB=x\n',
  'A=$$PLACE\nB=$1\nC=a$\nD=$(date)\nE=`date`\nF=a$-b\nG="a$"\nH=x\\$y\n',
  'export A=x\nexport   B="y"\nC: colon\nD : x\nE =x\nF= x y  \n',
  'A={"t":{"0":1}}\nB=\'{"t":{"0":1}}\'\nC=a=b\nD=a;b\nE=a\'b\'\nF=a"b"c\n',
  'A=x\r\nB="y"\r\nC=z # c\r\n',
  '\ufeffA=x\nB=y\n',
  'PLACE\nA=${PLACE}\nNOPE\nB=x\n',
  'A="x" B\nC=y\n',
  'A=\nB=\t\nC="  x  "\nD=\u00a0x\n',
  'A="\\0101\\x"\nB="\\q"\n',
];

/** Files that both refuse. */
const REFUSED = [
  "A='x\nB=y\n",
  'A="x\n',
  'A B=x\n',
  'A=${X\n',
  'A=${PLACE:-"\n',
  'A=${X:?must be set}\n',
  "A='it''s'\nB=x\n",
  'A=${-x}\n',
  'A&B=x\n',
];

describe('.env', () => {
  it('depends on quotes, blanks and dollars', () => {
    expect(read('A=/tmp/c#1/out\nB=${PLACE}/x # c\nC=\'${PLACE}\'\nexport D="5 seconds"\n')).toEqual({
      A: '/tmp/c#1/out',
      B: '/home/me/x',
      C: '${PLACE}',
      D: '5 seconds',
    });
  });

  it.each([
    ["A=1\n\nB='x\n", /^\.env, line 3: .*B.*no end/],
    ['# c\nA B=x\n', /^\.env, line 2: .*blank/],
    ['A=${X\n', /^\.env, line 1: /],
  ])('is refused with the line, %j', (text, message) => {
    expect(() => read(text)).toThrow(ConfigError);
    expect(() => read(text)).toThrow(message);
  });

  it('is UTF-8, with or without its mark', () => {
    expect(read('\ufeffA=é\n')).toEqual({ A: 'é' });
    expect(() => read(new Uint8Array(Buffer.from('\ufeffA=x\n', 'utf16le')))).toThrow('UTF-8');
    expect(() => read(new Uint8Array(Buffer.from('A=x\n', 'utf16le')))).toThrow('UTF-8');
    expect(() => read(new Uint8Array(Buffer.from('A=é\n', 'latin1')))).toThrow('UTF-8');
  });
});

const hasCompose = spawnSync('docker', ['compose', 'version']).status === 0;

describe.runIf(hasCompose)('docker compose config (not tried: no Compose plugin)', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'env-file-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** The values that Compose substitutes for the names. */
  const compose = (file: string, names: readonly string[]): unknown => {
    const variables = names.map((name) => `      ${name}: "\${${name}}"`).join('\n');
    writeFileSync(join(folder, '.env'), file);
    writeFileSync(
      join(folder, 'compose.yml'),
      `name: x\nservices:\n  a:\n    image: x\n    environment:\n      NONE: ""\n${variables}\n`,
    );
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], PLACE, EMPTY: '' };
    const args = ['compose', '--env-file', '.env', '-f', 'compose.yml', 'config', '--format', 'json'];
    const found = JSON.parse(
      execFileSync('docker', args, { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    );
    const { NONE: _none, ...environment } = found.services.a.environment as Record<string, string>;
    // Compose prints a file that is meant to be read again, so dollars are doubled.
    return Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [name, value.replaceAll('$$', '$')]),
    );
  };

  it.each(FILES)('reads %j alike', (file) => {
    const values = read(file);
    expect(Object.keys(values).length).toBeGreaterThan(0);
    expect(compose(file, Object.keys(values))).toEqual(values);
  });

  it.each(REFUSED)('refuses %j, too', (file) => {
    expect(() => read(file)).toThrow(ConfigError);
    expect(() => compose(file, ['A'])).toThrow();
  });
});
