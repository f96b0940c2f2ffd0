import type { Field, Item } from '../model.ts';
import { TextError } from '../text-error.ts';
import type { FieldPath } from './generation.ts';

const FORM = 'names with dots between them, [] for the elements of an array, other characters in backticks';
const STEP = /(?:`((?:[^`]|``)+)`|([^.[\]`]+))((?:\[\])*)/y;

/**
 * Reads the path of a field: `customer.address.city`, `lines[].price`. A name with a dot, a bracket
 * or a backtick stands in backticks, with backticks doubled as in SQL.
 * @throws TextError
 */
export function parseFieldPath(text: string): FieldPath {
  const path: (string | null)[] = [];
  for (let at = 0; ; at += 1) {
    STEP.lastIndex = at;
    const match = STEP.exec(text);
    if (!match) throw new TextError(at, `${JSON.stringify(text)} is no path of a field`, FORM);
    const [whole, quoted, plain = '', brackets = ''] = match;
    path.push(quoted?.replaceAll('``', '`') ?? plain);
    for (let depth = 0; depth < brackets.length; depth += 2) path.push(null);
    at += whole.length;
    if (at === text.length) return path;
    if (text[at] !== '.') throw new TextError(at, `${JSON.stringify(text)} is no path of a field`, FORM);
  }
}

/** The text of a path. */
export function fieldPathText(path: FieldPath): string {
  return path
    .map((step, at) => {
      if (step === null) return '[]';
      const name = /^[^.[\]`]+$/.test(step) ? step : `\`${step.replaceAll('`', '``')}\``;
      return at === 0 ? name : `.${name}`;
    })
    .join('');
}

/** The field or element at a path. @returns undefined where the contract has none */
export function itemAt(path: FieldPath, fields: readonly Field[]): Item | undefined {
  let inside: readonly Field[] | undefined = fields;
  let item: Item | undefined;
  for (const step of path) {
    if (step === null) item = item?.type.kind === 'array' ? item.type.items : undefined;
    else item = inside?.find(({ name }) => name === step);
    inside = item?.type.kind === 'object' ? item.type.fields : undefined;
  }
  return item;
}
