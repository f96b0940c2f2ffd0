import { STRING_FORMATS } from '../../pipeline/contract/string-formats.ts';
import { enoughOf, type InferredItem } from '../inferred.ts';
import { shownText, yamlText } from '../write/yaml-text.ts';
import { eventTimeScore, identifierKind } from './field-names.ts';
import { numberType, textNumberType } from './infer-numbers.ts';
import { epochUnitOf, notationOfTexts, type TimeNotation } from './time-notation.ts';

/** What a user has decided about scalar fields. */
export interface ScalarOptions {
  /** A top-level field that is the event's time, whatever its name is. */
  readonly forcedTime: string | undefined;
}

/** The values of a field, without those that are the field's own name. */
interface Values {
  readonly kind: 'text' | 'number' | 'mixed';
  readonly texts: readonly string[];
  /** How many there are of each kind. */
  readonly mixture?: string;
  /** Values that are the field's own name. */
  readonly header: readonly string[];
}

/** The item of texts, numbers or both. Texts of numbers are to the letter as in the events. */
export function inferScalar(name: string, values: Values, options: ScalarOptions): InferredItem {
  const { texts, header } = values;
  const seen = { count: texts.length, distinct: new Set(texts).size, header: [...new Set(header)].sort() };
  const item = typeOf(name, values, options);
  return { ...item, required: false, seen, why: [...item.why, ...headerNote(header)] };
}

function typeOf(
  name: string,
  values: Values,
  options: ScalarOptions,
): Pick<InferredItem, 'logicalType' | 'physicalType' | 'epoch' | 'options' | 'why' | 'suggestion'> {
  const { texts, kind } = values;
  const fits = enoughOf(texts.length);
  const time = timeOf(name, values, options, fits);
  if (time === 'nanoseconds' || time === undefined) {
    const note = time === undefined ? [] : ['Nanoseconds since 1970, which are not read as a time'];
    if (kind === 'number') {
      const type = numberType(name, texts);
      return { ...type, why: [...type.why, ...note] };
    }
    const number = textNumberType(name, texts);
    if (number) return number;
    if (kind === 'mixed')
      return {
        logicalType: 'string',
        why: [`Numbers and texts (${values.mixture}): a text takes both`, ...note],
      };
    return { logicalType: 'string', ...textFacts(name, texts), ...(note.length > 0 && { why: note }) };
  }
  const { kind: logicalType, format, epoch, why } = time;
  return { logicalType, ...(epoch && { epoch }), ...(format && { options: { format } }), why };
}

function timeOf(
  name: string,
  { kind, texts }: Values,
  { forcedTime }: ScalarOptions,
  fits: (count: number) => boolean,
): TimeNotation | 'nanoseconds' | undefined {
  const isNamed = name === forcedTime || eventTimeScore(name) > 0;
  if (kind === 'text') {
    const notation = notationOfTexts(texts, fits);
    // Eight or fourteen digits alone can be any number.
    if (notation && (isNamed || !texts.every((text) => /^\d+$/.test(text)))) return notation;
  }
  const unit = isNamed ? epochUnitOf(texts, fits) : undefined;
  if (unit === undefined || unit === 'nanoseconds') return unit;
  const written =
    kind === 'text' ? ', written as text' : kind === 'mixed' ? ', some of them written as text' : '';
  return { kind: 'timestamp', epoch: unit, why: [`By its size a number of ${unit} since 1970${written}`] };
}

/** The longest value, and the most values, that a comment lists. */
const LISTED = { length: 40, values: 12 };
const FORMATS = ['uuid', 'email', 'ipv4', 'ipv6'] as const;

/** What the texts have in common, as a fact and as a line that the author can take over. */
function textFacts(name: string, texts: readonly string[]): Pick<InferredItem, 'why' | 'suggestion'> {
  const distinct = [...new Set(texts)].sort();
  const format = FORMATS.find((known) => {
    const pattern = new RegExp(STRING_FORMATS[known] ?? '');
    return distinct.every((text) => pattern.test(text));
  });
  if (format) return { why: [], suggestion: `logicalTypeOptions: { format: ${format} }` };
  if (distinct.length === 1 && texts.length > 1) return { why: [`Always ${shownText(distinct[0] ?? '')}`] };
  const isFew =
    distinct.length <= LISTED.values &&
    texts.length >= 3 * distinct.length &&
    distinct.every((text) => text.length <= LISTED.length);
  if (!isFew) return { why: [] };
  const list = distinct.map(yamlText).join(', ');
  const rule = `quality: [{ metric: invalidValues, mustBe: 0, arguments: { validValues: [${list}] } }]`;
  const why = [`${distinct.length} different texts: ${distinct.map(shownText).join(', ')}`];
  return identifierKind(name) ? { why } : { why, suggestion: rule };
}

function headerNote(header: readonly string[]): string[] {
  if (header.length === 0) return [];
  const texts = [...new Set(header)].sort().map(shownText).join(' and ');
  return [
    `${header.length} times the value is ${texts}, as if a header had slipped in: such events go to quarantine`,
  ];
}
