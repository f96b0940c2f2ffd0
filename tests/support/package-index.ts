import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** How the index delivers the package: in full, cut off in the middle, or stalled there. */
type Delivery = 'whole' | 'half' | 'stalled';

/**
 * A package index on this machine with one package: a PySpark of a few files. Source of the
 * protocol: PEP 503.
 */
export interface PackageIndex {
  /** The value of PIP_INDEX_URL. */
  readonly url: string;
  delivery: Delivery;
  /** How often the package was requested. */
  downloads: number;
}

const NAME = 'pyspark-3.5.7-py3-none-any.whl';

/** Padding makes the download larger than the buffers between server and client. */
const PADDING_BYTES = 3_000_000;

/** A wheel in pip's format, with the hashes and sizes in RECORD. */
const MAKE_WHEEL = `
import base64, hashlib, os, sys, zipfile
info = "pyspark-3.5.7.dist-info/"
files = {
    "pyspark/__init__.py": b"",
    "pyspark/jars/ivy-2.5.1.jar": b"a jar",
    "pyspark/jars/padding.jar": os.urandom(${PADDING_BYTES}),
    info + "METADATA": b"Metadata-Version: 2.1\\nName: pyspark\\nVersion: 3.5.7\\n",
    info + "WHEEL": b"Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
}
row = "{},sha256={},{}\\n".format
digest = lambda data: base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
record = "".join(row(name, digest(data), len(data)) for name, data in files.items())
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    for name, data in files.items():
        wheel.writestr(name, data)
    wheel.writestr(info + "RECORD", record + info + "RECORD,,\\n")
`;

/** Serves until the test ends. */
export async function packageIndex(folder: string): Promise<PackageIndex> {
  const file = join(folder, NAME);
  execFileSync('python3', ['-c', MAKE_WHEEL, file]);
  const wheel = readFileSync(file);
  const index = { url: '', delivery: 'whole' as Delivery, downloads: 0 };
  const server = createServer((request, response) => {
    if (!request.url?.endsWith('.whl')) {
      response.setHeader('content-type', 'text/html');
      response.end(request.url?.includes('pyspark') ? `<a href="/${NAME}">${NAME}</a>` : '');
      return;
    }
    index.downloads++;
    response.writeHead(200, { 'content-length': wheel.length });
    if (index.delivery === 'whole') response.end(wheel);
    else {
      response.write(wheel.subarray(0, wheel.length / 2), () => {
        if (index.delivery === 'half') response.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  index.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return index;
}
