import { ConfigError, shownValue } from '../errors.ts';

/** Values by name. */
type Values = Record<string, string>;
type Environment = Readonly<Record<string, string | undefined>>;

/** What Compose treats as a blank within a line (compose-go, dotenv/parser.go). */
const BLANKS = '[\\t\\v\\f\\r \\u0085\\u00a0]';
const ESCAPE = /\\([abcfnrtv$"\\]|0\d{0,3})/g;
const CONTROL: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
};

/**
 * Reads `.env` as Docker Compose does, so that a value means the same to both: `${NAME}`,
 * `${NAME:-default}`, quotes, `export`, and `#` as the beginning of a comment only after a blank.
 * The rules are those of compose-go's package dotenv.
 *
 * @param content UTF-8, with or without a byte order mark
 * @param environment where `${NAME}` is looked up before the lines above
 * @throws {ConfigError} naming the line
 */
export function parseEnvFile(content: Uint8Array, environment: Environment): Values {
  const values: Values = {};
  const lookup = (name: string) => environment[name] ?? values[name];
  let rest = textOf(content);
  const whole = rest.length;
  const all = rest;
  const lineAt = () => all.slice(0, whole - rest.length).split('\n').length;
  for (;;) {
    rest = rest.replace(/^(\s+|#[^\n]*)+/, '');
    if (rest === '') return values;
    const line = lineAt();
    const fail = (what: string) => new ConfigError(`.env, line ${line}: ${what}`);
    const [head, name = '', mark] = nameAt(rest, fail);
    if (/\s/.test(name)) throw fail(`the name ${shownValue(name)} has a blank in it`);
    rest = rest.slice(head.length);
    if (mark === '') {
      // A name without a value takes its value from the environment.
      const inherited = environment[name];
      if (inherited !== undefined) values[name] = inherited;
      continue;
    }
    const quoted = /^(["'])((?:\\.|(?!\1)[^\\])*)\1/s.exec(rest);
    if (!quoted && /^["']/.test(rest)) throw fail(`the quotation of ${name} has no end`);
    const [text = ''] = quoted ?? /^[^\n]*/.exec(rest) ?? [];
    rest = rest.slice(text.length);
    values[name] = quoted ? unquoted(quoted[1], quoted[2] ?? '', lookup, fail) : plain(text, lookup, fail);
  }
}

type Fail = (what: string) => ConfigError;
type Lookup = (name: string) => string | undefined;

function textOf(content: Uint8Array): string {
  try {
    // TextDecoder removes a byte order mark of UTF-8.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(content);
    if (!text.includes('\0')) return text.replaceAll('\r\n', '\n');
  } catch {
    // Reported below, like UTF-16 without a mark, which is UTF-8 with NULs.
  }
  throw new ConfigError('.env is no UTF-8 text; save it as UTF-8');
}

/**
 * The name at the beginning, with everything before its value, and what follows it: `=`, `:`, or
 * nothing.
 */
function nameAt(text: string, fail: Fail): readonly [head: string, name: string, mark: string] {
  const pattern = new RegExp(`^((?:export\\s+)?)([^=:\\n]*)([=:]?)${BLANKS}*`);
  const [head = '', , name = '', mark = ''] = pattern.exec(text) ?? [];
  const odd = /[^\p{L}\p{N}\s_.[\]-]/u.exec(name);
  if (odd) throw fail(`${JSON.stringify(odd[0])} cannot stand in the name ${shownValue(name.trim())}`);
  return [head, name.trim(), mark];
}

function plain(text: string, lookup: Lookup, fail: Fail): string {
  const [value = ''] = text.split(' #');
  return substitute(value.trimEnd(), lookup, fail);
}

function unquoted(quote: string | undefined, inner: string, lookup: Lookup, fail: Fail): string {
  const own = quote === '"' ? inner.replaceAll('\\"', '"') : inner.replaceAll("\\'", "'");
  if (quote !== '"') return own;
  const escaped = own.replace(ESCAPE, (_all, what: string) => {
    if (what === '$') return '$$';
    if (what.startsWith('0')) return String.fromCharCode(Number.parseInt(what.slice(1) || '0', 8));
    return CONTROL[what] ?? `\\${what}`;
  });
  return substitute(escaped, lookup, fail);
}

/**
 * Replaces `$NAME`, `${NAME}` and its forms with a default. `$$` is a dollar, as is one that begins
 * none of these.
 */
function substitute(text: string, lookup: Lookup, fail: Fail): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf('$', at);
    if (dollar === -1) break;
    result += text.slice(at, dollar);
    const rest = text.slice(dollar + 1);
    const [name] = /^[_a-z][_a-z0-9]*/i.exec(rest) ?? [];
    if (rest.startsWith('$')) {
      result += '$';
      at = dollar + 2;
    } else if (name !== undefined) {
      result += lookup(name) ?? '';
      at = dollar + 1 + name.length;
    } else if (rest.startsWith('{')) {
      const inner = bracesAt(rest, text, fail);
      result += expansion(inner, text, lookup, fail);
      at = dollar + inner.length + 3;
    } else {
      result += '$';
      at = dollar + 1;
    }
  }
  return result + text.slice(at);
}

function bracesAt(rest: string, text: string, fail: Fail): string {
  let depth = 0;
  for (let at = 0; at < rest.length; at++) {
    if (rest[at] === '{') depth += 1;
    else if (rest[at] === '}') depth -= 1;
    if (depth === 0) return rest.slice(1, at);
  }
  throw fail(`${shownValue(text)} has a \${ without its }`);
}

function expansion(inner: string, text: string, lookup: Lookup, fail: Fail): string {
  const [, name, operator, word = ''] = /^([_a-z][_a-z0-9]*)(?:(:?[-?+])(.*))?$/is.exec(inner) ?? [];
  if (name === undefined) throw fail(`${shownValue(text)} is no form of \${NAME}`);
  const value = lookup(name);
  const isSet = operator?.startsWith(':') ? Boolean(value) : value !== undefined;
  if (operator?.endsWith('-')) return isSet ? (value ?? '') : substitute(word, lookup, fail);
  if (operator?.endsWith('+')) return isSet ? substitute(word, lookup, fail) : '';
  if (operator?.endsWith('?') && !isSet) throw fail(`${name} is not set: ${substitute(word, lookup, fail)}`);
  return value ?? '';
}
