import { METRICS, type Metric } from './metrics.ts';

/** The document that has the table of metrics between marks. */
export const METRICS_DOCUMENT = 'docs/dashboard.md';

/** The table of metrics in Markdown. */
export function metricsTable(metrics: readonly Metric[] = METRICS): string {
  const rows = metrics.map(({ name, type, unit, labels, help }) => {
    const named = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${unit} | ${named || '–'} | ${help} |\n`;
  });
  return `| Metric | Type | Unit | Labels | Meaning |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`;
}

/** The document with the present table. @throws Error when its marks are missing */
export function documentWithMetrics(document: string): string {
  const marked = /(<!-- metrics: .*-->\n)[\s\S]*?(\n<!-- end of metrics -->)/;
  if (!marked.test(document)) throw new Error(`${METRICS_DOCUMENT} has no marks for the table of metrics`);
  return document.replace(marked, (_all, begin: string, end: string) => `${begin}\n${metricsTable()}${end}`);
}
