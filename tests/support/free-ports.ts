import { randomInt } from 'node:crypto';
import { isPortFree } from '../../orchestrator/util/ports.ts';

const FIRST = 10_000;
const LAST = 32_000;

/**
 * Free ports of 127.0.0.1 in a row. They lie below the range from which systems pick the local port
 * of an outgoing connection (from 32768 on Linux, from 49152 elsewhere, RFC 6335 section 6), so
 * that none is lost before it is listened at.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  for (;;) {
    const first = randomInt(FIRST, LAST - count);
    const row = Array.from({ length: count }, (_none, index) => first + index);
    const free = await Promise.all(row.map((port) => isPortFree('127.0.0.1', port)));
    if (free.every(Boolean)) return row;
  }
}
