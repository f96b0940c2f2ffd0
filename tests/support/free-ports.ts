import { randomInt } from 'node:crypto';
import { isPortFree } from '../../orchestrator/util/ports.ts';

const FIRST = 10_000;
const LAST = 32_000;

/**
 * Consecutive free ports of 127.0.0.1. They lie below the range from which systems choose the local
 * port of an outgoing connection (from 32768 on Linux, from 49152 elsewhere, RFC 6335 section 6),
 * so that none is taken before the service listens on it.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  for (;;) {
    const first = randomInt(FIRST, LAST - count);
    const row = Array.from({ length: count }, (_none, index) => first + index);
    const free = await Promise.all(row.map((port) => isPortFree('127.0.0.1', port)));
    if (free.every(Boolean)) return row;
  }
}
