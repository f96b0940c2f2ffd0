import { connect } from 'node:net';
import { notReady, type Probe, ready } from '../core/probe.ts';
import type { Address } from '../runtime/runtime.ts';

/**
 * Asks ZooKeeper with the four-letter word `srvr`, which is on the default whitelist; a server that serves answers with its
 * mode. Source: ZooKeeper Administrator's Guide, "The Four Letter Words".
 */
export function zookeeperProbe(address: Address): Probe {
  return {
    name: `ZooKeeper at ${address.host}:${address.port}`,
    async check(signal) {
      const answer = await ask(address, 'srvr', signal);
      const mode = /^Mode: (\w+)$/m.exec(answer)?.[1];
      if (mode) return ready(`serving, mode ${mode}`);
      const firstLine = answer.trim().split('\n')[0] ?? '';
      return notReady(
        firstLine === '' ? 'it closed the connection without an answer' : `it says: ${firstLine}`,
      );
    },
  };
}

function ask(address: Address, word: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: address.host, port: address.port, signal });
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(word));
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}
