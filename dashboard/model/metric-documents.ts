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

/** The dashboard for Grafana, with a panel for each metric. */
export const GRAFANA_DOCUMENT = 'docs/grafana-dashboard.json';

/** Units as Grafana names them. Source: Grafana's `data/src/valueFormats/categories.ts`. */
const GRAFANA_UNITS: Readonly<Record<string, string>> = {
  seconds: 's',
  bytes: 'bytes',
  'seconds since 1970': 'dateTimeFromNow',
};

/** Grafana's grid has 24 columns. */
const PANEL = { width: 8, height: 7, perRow: 3 } as const;

/** The variable by which people choose their Prometheus. */
const VARIABLE = 'datasource';

/** The window over which the rate of a counter is taken. */
const RATE_WINDOW = '5m';

/** The query of a metric: a counter as its rate, everything else as it is. */
function queryOf({ name, type }: Pick<Metric, 'name' | 'type'>): string {
  return type === 'counter' ? `rate(${name}[${RATE_WINDOW}])` : name;
}

/**
 * The dashboard's JSON model. Source: Grafana, "Dashboard JSON model". Times are Unix seconds in
 * Prometheus and milliseconds in Grafana.
 */
export function grafanaDashboard(metrics: readonly Metric[] = METRICS): string {
  const datasource = { type: 'prometheus', uid: `$\{${VARIABLE}}` };
  const panels = metrics.map((metric, at) => {
    const { name, type, unit, labels, help } = metric;
    const isTime = unit === 'seconds since 1970';
    return {
      id: at + 1,
      type: labels.length === 0 && type === 'gauge' ? 'stat' : 'timeseries',
      title: type === 'counter' ? `${help} (per second)` : help,
      description: `${name}, in ${unit}`,
      datasource,
      gridPos: {
        ...{ w: PANEL.width, h: PANEL.height },
        ...{ x: (at % PANEL.perRow) * PANEL.width, y: Math.floor(at / PANEL.perRow) * PANEL.height },
      },
      fieldConfig: { defaults: { unit: GRAFANA_UNITS[unit] ?? 'short' }, overrides: [] },
      targets: [
        {
          ...{ refId: 'A', datasource },
          expr: isTime ? `${queryOf(metric)} * 1000` : queryOf(metric),
          legendFormat: labels.map((label) => `{{${label}}}`).join(' ') || name,
        },
      ],
    };
  });
  const dashboard = {
    uid: 'medallion-stream',
    title: 'medallion-stream',
    schemaVersion: 39,
    refresh: '10s',
    time: { from: 'now-30m', to: 'now' },
    templating: {
      list: [{ name: VARIABLE, label: 'Data source', type: 'datasource', query: 'prometheus' }],
    },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
