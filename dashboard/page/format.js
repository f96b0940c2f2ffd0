import { html } from '/vendor/preact.js';

const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const ONE_DECIMAL = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

/** A number for people; a dash where it is not known. @param {number | null | undefined} value */
export function number(value) {
  if (value === null || value === undefined) return '–';
  return (Math.abs(value) < 100 ? ONE_DECIMAL : WHOLE).format(value);
}

/** @param {number | null | undefined} value records per second */
export const rate = (value) => (value === null || value === undefined ? '–' : `${number(value)}/s`);

/** Seconds as people say them. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return '–';
  const sign = seconds < 0 ? '−' : '';
  const size = Math.abs(seconds);
  if (size < 120) return `${sign}${number(size)} s`;
  if (size < 7200) return `${sign}${number(size / 60)} min`;
  return size < 172_800 ? `${sign}${number(size / 3600)} h` : `${sign}${number(size / 86_400)} d`;
}

/** The time of day in UTC, with the date when it is not today's. @param {string | null} time */
export function clock(time) {
  if (time === null) return '–';
  const [date = '', rest = ''] = time.split('T');
  const text = rest.slice(0, 8);
  return date === new Date().toISOString().slice(0, 10) ? text : `${date} ${text}`;
}

/** A longer text makes a page slow and hides what is around it. */
const MOST_CHARACTERS = 300;

/** Characters that reorder or hide other text, and controls. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about.
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A text that may come from records or logs: isolated, so that it cannot change the direction of
 * the text around it, and cut. @param {string} text
 */
export function foreign(text) {
  const cut = [...text.slice(0, MOST_CHARACTERS)].slice(0, MOST_CHARACTERS).join('');
  const visible = cut.replace(INVISIBLE, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return html`<bdi>${visible}${text.length > MOST_CHARACTERS ? '…' : ''}</bdi>`;
}

/** Lines of text that may come from records. @param {string} text */
export const withBreaks = (text) => text.split('\n').map((line) => html`${foreign(line)}${'\n'}`);

/** The class of a state's colour. @type {Readonly<Record<string, string>>} */
export const STATE_CLASS = {
  ready: 'good',
  completed: 'good',
  ok: 'good',
  starting: 'waiting',
  waiting: 'waiting',
  stopped: 'quiet',
  failed: 'bad',
};

/** A state as text with its colour, which alone would tell some people nothing. @param {string} state */
export const stateText = (state) => html`<span class=${STATE_CLASS[state] ?? ''}>● ${state}</span>`;
