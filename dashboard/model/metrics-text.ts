import { METRICS, type ProcessFacts } from './metrics.ts';
import type { Snapshot } from './snapshot.ts';

/** The content type of the text format. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Lines of one metric at most: reasons and partitions come from users. */
const MOST_SAMPLES = 1000;

/**
 * Writes the metrics of a snapshot in Prometheus's text format. Source: Prometheus, "Exposition
 * formats", text-based format 0.0.4.
 */
export function metricsText(snapshot: Snapshot, process: ProcessFacts): string {
  return METRICS.map(({ name, type, help, samples }) => {
    const lines = samples(snapshot, process)
      .filter(({ value }) => value !== null)
      .slice(0, MOST_SAMPLES)
      .map(({ labels = {}, value }) => `${name}${labelsText(labels)} ${Number(value)}\n`);
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`;
  }).join('');
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Backslash, quotation mark and line feed are escaped; everything else is UTF-8 as it is. */
const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
