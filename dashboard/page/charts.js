import { html, useEffect, useRef, useState } from '/vendor/preact.js';
import uPlot from '/vendor/uplot.js';
import { clock, foreign, number } from './format.js';

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {readonly (number | null | undefined)[]} values
 * @property {boolean} [dashed]
 * @property {boolean} [bars] drawn as a bar from the axis
 *
 * @typedef {object} ChartProps
 * @property {string} label what the chart shows, for people who do not see it
 * @property {string} text the newest values in words
 * @property {string} unit of the values
 * @property {readonly number[]} atMs ascending
 * @property {readonly Line[]} lines
 * @property {readonly import('../model/snapshot.ts').Happening[]} events
 */

const HEIGHT = 180;

/** Lines have one of so many colours: `--line-0` and so on in style.css. */
const COLOURS = 8;

const DARK = matchMedia('(prefers-color-scheme: dark)');

/**
 * A chart of values over time, with a line for each thing that happened, and its newest values as
 * text.
 * @param {ChartProps} props
 */
export function Chart({ label, text, unit, atMs, lines, events }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const chart = useRef(/** @type {uPlot | null} */ (null));
  const shown = useRef({ events, atMs, lines });
  shown.current = { events, atMs, lines };
  const [pointed, setPointed] = useState('');
  const shape = lines.map(({ label: name, dashed, bars }) => `${name} ${dashed} ${bars}`).join('|');

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(
        options(element, unit, lines, {
          events: () => shown.current.events,
          pointAt: (at) => setPointed(at === null ? '' : valuesAt(shown.current, at, unit)),
        }),
        data(atMs, lines),
        element,
      );
    };
    draw();
    const resized = new ResizeObserver(() => {
      chart.current?.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    resized.observe(element);
    DARK.addEventListener('change', draw);
    return () => {
      DARK.removeEventListener('change', draw);
      resized.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [shape, unit]);

  useEffect(() => chart.current?.setData(data(atMs, lines)), [atMs, lines]);

  return html`<figure>
    <div class="chart" role="img" aria-label=${`${label}. ${text}`} ref=${place}></div>
    ${
      lines.length > 1 &&
      html`<ul class="legend" aria-hidden="true">
        ${lines.map(({ label: name }, at) => html`<li class=${`line-${at % COLOURS}`}>${foreign(name)}</li>`)}
      </ul>`
    }
    <figcaption>${pointed === '' ? text : foreign(pointed)}</figcaption>
  </figure>`;
}

/**
 * The values that the pointer is at, in words.
 * @param {{ atMs: readonly number[], lines: readonly Line[] }} shown
 * @param {number} at
 * @param {string} unit
 */
function valuesAt({ atMs, lines }, at, unit) {
  const time = atMs[at];
  if (time === undefined) return '';
  const values = lines.map(({ label, values: all }) => `${label} ${number(all[at])}${unit}`);
  return `${clock(new Date(time).toISOString())} UTC: ${values.join(', ')}`;
}

/**
 * @param {readonly number[]} atMs
 * @param {readonly Line[]} lines
 * @returns {uPlot.AlignedData}
 */
function data(atMs, lines) {
  return /** @type {uPlot.AlignedData} */ ([
    atMs.map((at) => at / 1000),
    ...lines.map(({ values }) => [...values]),
  ]);
}

/**
 * @param {HTMLElement} element
 * @param {string} unit
 * @param {readonly Line[]} lines
 * @param {{ events: () => ChartProps['events'], pointAt: (at: number | null) => void }} page
 * @returns {uPlot.Options}
 */
function options(element, unit, lines, { events, pointAt }) {
  const style = getComputedStyle(element);
  /** @param {string} name */
  const colourOf = (name) => style.getPropertyValue(name);
  const [text, grid] = [colourOf('--quiet'), colourOf('--line')];
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width: element.clientWidth || 300,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    legend: { show: false },
    scales: { y: { range: (_chart, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.05)] } },
    axes: [
      { ...axis, space: 70, values: (_chart, ticks) => ticks.map(timeOfDay) },
      { ...axis, size: 60, values: (_chart, ticks) => ticks.map((tick) => `${short(tick)}${unit}`) },
    ],
    series: [
      {},
      ...lines.map(({ label, dashed, bars }, at) => {
        const colour = colourOf(`--line-${at % COLOURS}`);
        return {
          label,
          stroke: colour,
          width: 1.5,
          points: { show: false },
          ...(dashed && { dash: [6, 4] }),
          ...(bars && uPlot.paths.bars && { fill: colour, paths: uPlot.paths.bars({ size: [0.8, 24] }) }),
        };
      }),
    ],
    hooks: {
      draw: [(chart) => drawEvents(chart, events(), colourOf)],
      setCursor: [(chart) => pointAt(chart.cursor.idx ?? null)],
    },
  };
}

/**
 * @param {uPlot} chart
 * @param {ChartProps['events']} events
 * @param {(name: string) => string} colourOf
 */
function drawEvents(chart, events, colourOf) {
  const { ctx, bbox } = chart;
  const { min, max } = chart.scales['x'] ?? {};
  if (min === undefined || max === undefined) return;
  ctx.save();
  ctx.setLineDash([2, 4]);
  for (const { at, kind } of events) {
    const seconds = Date.parse(at) / 1000;
    if (seconds < min || seconds > max) continue;
    const x = chart.valToPos(seconds, 'x', true);
    ctx.strokeStyle = colourOf(kind === 'chaos' ? '--bad' : kind === 'verify' ? '--good' : '--quiet');
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** UTC, with seconds only where they say something. @param {number} seconds since 1970 */
function timeOfDay(seconds) {
  const text = new Date(seconds * 1000).toISOString();
  return text.slice(11, seconds % 60 === 0 ? 16 : 19);
}

/** @param {number} value */
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toFixed(1)} M`;
  return size >= 1e4 ? `${+(value / 1e3).toFixed(1)} k` : `${+value.toFixed(2)}`;
}
