import { Agent, get } from 'node:http';
import type { Address } from '../core/address.ts';

/** The process's own agents, and `fetch`, may lead to a proxy (NODE_USE_ENV_PROXY); what runs on this machine is asked directly. */
const direct = new Agent();

/**
 * Reads a JSON page of a service of this machine.
 * @throws Error when it does not answer with 200 and JSON; the signal's reason
 */
export async function readJson({ host, port }: Address, path: string, signal: AbortSignal): Promise<unknown> {
  const text = await new Promise<string>((resolve, reject) => {
    const request = get({ host, port, path, agent: direct, signal }, (response) => {
      if (response.statusCode !== 200) {
        response.resume();
        reject(new Error(`its page answers with HTTP ${response.statusCode}`));
        return;
      }
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('error', reject);
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
  return JSON.parse(text);
}
