import { html, useEffect, useRef } from '/vendor/preact.js';
import uPlot from '/vendor/uplot.js';

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

/** Colours that differ in lightness as well, for light and dark grounds. */
const COLOURS = {
  light: ['#1f5fbf', '#c2570c', '#1a7340', '#8b3fb0', '#0d7f86', '#a3213a', '#6b6b00', '#4a5568'],
  dark: ['#7fb0ff', '#ffa46b', '#5fca8c', '#cf9bea', '#5cd0d6', '#ff8f9f', '#d3d35a', '#b4bfca'],
};

const DARK = matchMedia('(prefers-color-scheme: dark)');

/**
 * A chart of values over time, with a line for each thing that happened, and its newest values as
 * text.
 * @param {ChartProps} props
 */
export function Chart({ label, text, unit, atMs, lines, events }) {
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const chart = useRef(/** @type {uPlot | null} */ (null));
  const shown = useRef(events);
  shown.current = events;
  const shape = lines.map(({ label: name, dashed, bars }) => `${name} ${dashed} ${bars}`).join('|');

  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(
        options(element, unit, lines, () => shown.current),
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
    <figcaption>${text}</figcaption>
  </figure>`;
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
 * @param {() => ChartProps['events']} events
 * @returns {uPlot.Options}
 */
function options(element, unit, lines, events) {
  const style = getComputedStyle(element);
  const [text, grid] = [style.getPropertyValue('--quiet'), style.getPropertyValue('--line')];
  const colours = DARK.matches ? COLOURS.dark : COLOURS.light;
  const axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } };
  return {
    width: element.clientWidth || 300,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    cursor: { show: false },
    legend: { show: false },
    scales: { y: { range: (_chart, low, high) => [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.05)] } },
    axes: [
      axis,
      { ...axis, size: 60, values: (_chart, ticks) => ticks.map((tick) => `${short(tick)}${unit}`) },
    ],
    series: [
      {},
      ...lines.map(({ label, dashed, bars }, at) => {
        const colour = colours[at % colours.length] ?? text;
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
    hooks: { draw: [(chart) => drawEvents(chart, events(), text)] },
  };
}

/**
 * @param {uPlot} chart
 * @param {ChartProps['events']} events
 * @param {string} colour
 */
function drawEvents(chart, events, colour) {
  const { ctx, bbox } = chart;
  const { min, max } = chart.scales['x'] ?? {};
  if (min === undefined || max === undefined) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([2, 4]);
  for (const { at } of events) {
    const seconds = Date.parse(at) / 1000;
    if (seconds < min || seconds > max) continue;
    const x = chart.valToPos(seconds, 'x', true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

/** @param {number} value */
function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${+(value / 1e6).toFixed(1)} M`;
  return size >= 1e4 ? `${+(value / 1e3).toFixed(1)} k` : `${+value.toFixed(2)}`;
}
