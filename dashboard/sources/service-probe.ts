import { connect } from 'node:net';
import type { Address } from '../../orchestrator/util/ports.ts';
import { readPage } from '../../orchestrator/util/readiness.ts';

/**
 * How the dashboard sees whether a service is ready, without the runtime:
 * - `tcp`: its port accepts connections
 * - `http`: a page of it answers with 200
 * - `topic`: the offsets of the topic can be read
 * - `created`: the same, of a one-shot that creates the topic
 * - `records`: records reach the topic
 * - `self`: the dashboard
 */
type ServiceProbe =
  | { readonly kind: 'tcp'; readonly address: Address }
  | { readonly kind: 'http'; readonly address: Address; readonly path: string }
  | { readonly kind: 'topic' | 'created' | 'records' | 'self' };

/** A service of the stack that the dashboard shows. */
export interface WatchedService {
  readonly name: string;
  readonly probe: ServiceProbe;
}

const WORD = /^([a-z][a-z0-9-]*)=(?:(tcp|http):([^:/\s]+):(\d{1,5})(\/\S*)?|(topic|created|records|self))$/;

/**
 * Reads a list of services in the order of their start, separated by blanks:
 * `zookeeper=tcp:zookeeper:2181 spark-master=http:spark-master:8080/json/ kafka=topic`.
 * @throws Error naming the word that is none
 */
export function readServices(text: string): readonly WatchedService[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [, name, network, host = '', port, path = '/', other] = WORD.exec(word) ?? [];
      if (name === undefined) throw new Error(`"${word}" names no service and how it is observed`);
      const address = { host, port: Number(port) };
      if (network === 'tcp') return { name, probe: { kind: 'tcp', address } };
      if (network === 'http') return { name, probe: { kind: 'http', address, path } };
      return { name, probe: { kind: other as 'topic' | 'created' | 'records' | 'self' } };
    });
}

/** Writes such a list. */
export function servicesText(services: readonly WatchedService[]): string {
  return services.map(({ name, probe }) => `${name}=${probeText(probe)}`).join(' ');
}

function probeText(probe: ServiceProbe): string {
  if (!('address' in probe)) return probe.kind;
  const { host, port } = probe.address;
  return `${probe.kind}:${host}:${port}${probe.kind === 'http' ? probe.path : ''}`;
}

/** What the other sources know of the topic. */
export interface TopicFacts {
  /** Undefined while the offsets cannot be read; otherwise why not. */
  readonly problem: string | undefined;
  /** Whether the topic has ever had records. */
  readonly hasRecords: boolean;
  /** Milliseconds since a record has reached the topic; undefined before the first was observed. */
  readonly sinceRecordMs: number | undefined;
}

/** The answer of a probe. */
export interface ProbeOutcome {
  readonly ready: boolean;
  /** One phrase. */
  readonly detail: string;
}

/** Records are sent at least this often where a producer runs without a limit. */
const QUIET_MS = 60_000;

/** Asks one service. It never throws: what failed is the detail. */
export async function probeService(
  probe: ServiceProbe,
  topic: TopicFacts,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  try {
    switch (probe.kind) {
      case 'tcp':
        await connected(probe.address, signal);
        return { ready: true, detail: 'accepts connections' };
      case 'http':
        await readPage(probe.address, probe.path, signal);
        return { ready: true, detail: 'its page answers' };
      case 'self':
        return { ready: true, detail: 'this page' };
      case 'records':
        return recordsOutcome(topic);
      default:
        return topic.problem === undefined
          ? { ready: true, detail: probe.kind === 'created' ? 'the topic exists' : 'the topic can be read' }
          : { ready: false, detail: topic.problem };
    }
  } catch (error) {
    return { ready: false, detail: signal.aborted ? 'no answer in time' : String((error as Error).message) };
  }
}

function recordsOutcome({ problem, hasRecords, sinceRecordMs }: TopicFacts): ProbeOutcome {
  if (problem !== undefined) return { ready: false, detail: problem };
  if (!hasRecords) return { ready: false, detail: 'the topic has no records yet' };
  const isQuiet = sinceRecordMs === undefined || sinceRecordMs > QUIET_MS;
  return { ready: true, detail: isQuiet ? 'no new records for a minute or more' : 'records reach the topic' };
}

function connected(address: Address, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ ...address, signal });
    socket.on('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
  });
}
