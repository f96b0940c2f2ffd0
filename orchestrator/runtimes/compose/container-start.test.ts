import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { javaNetworkOptions, readTrustStore } from '../../toolchain/certificates.ts';

const APP_DIR = join(import.meta.dirname, '../../../spark-app');

/** Runs Python with the script's functions available and returns its output, parsed as JSON. */
function python(code: string, folder: string): unknown {
  const program = `import json, os, container_start as start\nfrom pathlib import Path\nfolder = Path(${JSON.stringify(folder)})\n${code}`;
  const env = { PATH: process.env['PATH'], PYTHONPATH: APP_DIR, PYTHONDONTWRITEBYTECODE: '1' };
  return JSON.parse(execFileSync('python3', ['-c', program], { encoding: 'utf8', env }));
}

describe('the start of a Spark container', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'container-start-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    {},
    { HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'localhost,.corp.example' },
    { HTTP_PROXY: 'proxy.example', HTTPS_PROXY: 'https://user:secret@[::1]' },
    { NO_PROXY: '*' },
  ])('gives Java the options of the local runtime for %j', (environment) => {
    const options = python(
      `print(json.dumps(start.java_network_options(${JSON.stringify(environment)})))`,
      folder,
    );
    const expected = javaNetworkOptions(environment).map((option) =>
      option.replace('proxyHost=[::1]', 'proxyHost=::1'),
    );
    expect(options).toEqual(expected);
  });

  it('writes a trust store that holds each certificate once', () => {
    const [one = '', two = ''] = rootCertificates;
    writeFileSync(join(folder, 'bundle.pem'), `# a comment\n${one}\n${two}\n${one}\n`);
    const code = [
      'certificates = start._certificates((folder / "bundle.pem").read_text())',
      '(folder / "store.jks").write_bytes(start.trust_store(certificates))',
      'print(json.dumps([(folder / "store.jks").read_bytes().hex()]))',
    ].join('\n');
    const [hex] = python(code, folder) as [string];
    const der = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '');
    const found = readTrustStore(Buffer.from(hex, 'hex'))?.map((certificate) =>
      certificate.toString('base64'),
    );
    expect(found?.toSorted()).toEqual([der(one), der(two)].toSorted());
  });

  it('needs no trust store without a private authority', () => {
    writeFileSync(join(folder, 'empty.pem'), '');
    for (const name of ['empty.pem', 'absent.pem']) {
      expect(python(`print(json.dumps(start.trust_options(folder / "${name}", folder)))`, folder)).toEqual(
        [],
      );
    }
  });

  it('opens new files to everybody only where their owner is neither root nor the user that runs the stack', () => {
    const shared = python(
      'print(json.dumps([start.is_shared(1000, owner) for owner in (0, 1000, 1001)]))',
      folder,
    );
    expect(shared).toEqual([false, false, true]);
  });

  it('leaves an output folder alone that is not empty', () => {
    const code = [
      '(folder / "out").mkdir()',
      '(folder / "out" / "mine").touch()',
      'before = (folder / "out").stat()',
      'start.hand_over(folder / "out", before.st_uid + 1, before.st_gid, folder.stat())',
      'print(json.dumps((folder / "out").stat() == before))',
    ].join('\n');
    expect(python(code, folder)).toBe(true);
  });
});
