/** A bar: a median and the spread of its rounds. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
}

/** A line through measured points, x on a logarithmic scale. */
export interface Line {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const WIDTH = 760;
const LABEL_WIDTH = 230;
const VALUE_WIDTH = 90;
const BAR_HEIGHT = 26;
const ROW_HEIGHT = 38;
const TITLE_HEIGHT = 40;
const PLOT_HEIGHT = 260;
const COLOURS = ['#4472a8', '#c5692b', '#5b8c4a', '#8a5a9c', '#777777'];

/** Horizontal bars with a whisker from the least to the greatest round. */
export function barPlot(title: string, unit: string, bars: readonly Bar[]): string {
  const greatest = Math.max(...bars.map(({ max }) => max));
  const x = (value: number) => LABEL_WIDTH + (value / greatest) * (WIDTH - LABEL_WIDTH - VALUE_WIDTH);
  const rows = bars.map(({ label, value, min, max }, index) => {
    const top = TITLE_HEIGHT + index * ROW_HEIGHT;
    const middle = top + BAR_HEIGHT / 2;
    return [
      text(LABEL_WIDTH - 8, middle + 4, label, 'end'),
      `<rect x="${LABEL_WIDTH}" y="${top}" width="${fixed(x(value) - LABEL_WIDTH)}" height="${BAR_HEIGHT}" fill="${colour(index)}"/>`,
      `<path d="M${fixed(x(min))} ${middle}H${fixed(x(max))}" stroke="#222" stroke-width="2"/>`,
      text(x(max) + 6, middle + 4, short(value), 'start'),
    ].join('\n');
  });
  return svg(TITLE_HEIGHT + bars.length * ROW_HEIGHT, `${title} (${unit})`, rows);
}

/** Lines over a logarithmic x axis, y from zero. */
export function linePlot(title: string, xUnit: string, yUnit: string, lines: readonly Line[]): string {
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const greatest = Math.max(...lines.flatMap(({ points }) => points.map(([, y]) => y)));
  const [from, to] = [Math.log(Math.min(...xs)), Math.log(Math.max(...xs))];
  const left = 70;
  const bottom = TITLE_HEIGHT + PLOT_HEIGHT;
  const x = (value: number) => left + ((Math.log(value) - from) / (to - from || 1)) * (WIDTH - left - 200);
  const y = (value: number) => bottom - (value / greatest) * PLOT_HEIGHT;
  const ticks = [...new Set(xs)].map((value) => text(x(value), bottom + 18, short(value), 'middle'));
  const drawn = lines.map(({ label, points }, index) => {
    const path = points.map(([px, py]) => `${fixed(x(px))} ${fixed(y(py))}`).join('L');
    const [lastX, lastY] = points.at(-1) ?? [1, 0];
    return [
      `<path d="M${path}" fill="none" stroke="${colour(index)}" stroke-width="2"/>`,
      ...points.map(
        ([px, py]) =>
          `<circle cx="${fixed(x(px))}" cy="${fixed(y(py))}" r="3" fill="${colour(index)}"><title>${short(py)}</title></circle>`,
      ),
      text(x(lastX) + 8, y(lastY) + 4, label, 'start'),
    ].join('\n');
  });
  const axis = `<path d="M${left} ${TITLE_HEIGHT}V${bottom}H${WIDTH - 200}" fill="none" stroke="#888"/>`;
  const scale = [
    text(left - 6, bottom, '0', 'end'),
    text(left - 6, TITLE_HEIGHT + 10, short(greatest), 'end'),
  ];
  return svg(bottom + 30, `${title} (${yUnit} by ${xUnit})`, [axis, ...scale, ...ticks, ...drawn]);
}

function svg(height: number, title: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="10" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}

const text = (x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string =>
  `<text x="${fixed(x)}" y="${fixed(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;

const escaped = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const fixed = (value: number): string => value.toFixed(1);

const colour = (index: number): string => COLOURS[index % COLOURS.length] ?? '#000';

/** Three digits or so, whole from 100 on. */
function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
