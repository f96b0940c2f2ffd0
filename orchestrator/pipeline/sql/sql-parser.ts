import { pathText } from '../column-name.ts';
import type { ArithmeticOperator, ComparisonOperator, LiteralType, MeasureFunction } from '../model.ts';
import { TextError } from '../text-error.ts';
import { type SqlToken, tokenize } from './sql-tokens.ts';

/**
 * An expression as written, with the place of each part in the text. Its types are not known yet.
 */
export type ParsedExpr = { readonly at: number } & (
  | { readonly op: 'column'; readonly name: string }
  | { readonly op: 'literal'; readonly type: LiteralType; readonly value: string }
  | { readonly op: ParsedOperator; readonly args: readonly ParsedExpr[] }
);

type ParsedOperator =
  | 'and'
  | 'or'
  | 'not'
  | 'in'
  | 'between'
  | 'like'
  | 'isNull'
  | 'isNotNull'
  | 'negate'
  | ComparisonOperator
  | ArithmeticOperator;

/** An aggregate as written. */
export interface ParsedMeasure {
  readonly function: MeasureFunction;
  /** Null for `count(*)`. */
  readonly argument: ParsedExpr | null;
  readonly at: number;
}

/** Deeper nesting is refused because the trees are walked by recursion, here and in the job. */
const MAX_DEPTH = 50;
const FUNCTIONS: readonly MeasureFunction[] = ['count', 'sum', 'min', 'max', 'avg'];
const MEASURE_FORM = 'count(*), or count, sum, min, max, avg of one expression';
const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);
const OPERATORS = 'AND, OR, =, <>, <, <=, >, >=, IN, BETWEEN, LIKE, IS NULL, IS NOT NULL, +, -, *, / or %';
const OPERAND = 'a column, a literal or an expression in parentheses';

/** Parses a condition or value. @throws TextError */
export function parseExpression(sql: string): ParsedExpr {
  const parser = new Parser(sql);
  const expression = parser.expression();
  parser.end(OPERATORS);
  return expression;
}

/** Parses one aggregate, such as `sum(amount)`. @throws TextError */
export function parseMeasure(sql: string): ParsedMeasure {
  const parser = new Parser(sql);
  const measure = parser.measure();
  parser.end('nothing behind the closing parenthesis');
  return measure;
}

/**
 * A recursive descent parser over the tokens, with a method for each level of precedence, the
 * loosest first.
 */
class Parser {
  readonly #tokens: readonly SqlToken[];
  #next = 0;
  #depth = 0;

  constructor(sql: string) {
    this.#tokens = tokenize(sql);
  }

  measure(): ParsedMeasure {
    const name = this.#take();
    const found = FUNCTIONS.find((known) => name.kind === 'word' && known === name.text.toLowerCase());
    if (!found) throw unexpected(name, MEASURE_FORM);
    this.#required('(', MEASURE_FORM);
    if (found === 'count' && this.#accept('*')) {
      this.#required(')', MEASURE_FORM);
      return { function: found, argument: null, at: name.at };
    }
    if (this.#peek.kind === 'keyword' && this.#peek.text === 'DISTINCT')
      throw unexpected(this.#peek, MEASURE_FORM);
    const argument = this.expression();
    this.#required(')', `one expression, then )`);
    return { function: found, argument, at: name.at };
  }

  expression(): ParsedExpr {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) {
      throw new TextError(this.#peek.at, 'the expression is nested too deeply', `${MAX_DEPTH} levels`);
    }
    const result = this.#chain('or', 'OR', () => this.#chain('and', 'AND', () => this.#not()));
    this.#depth -= 1;
    return result;
  }

  end(allowed: string): void {
    if (this.#peek.kind !== 'end') throw unexpected(this.#peek, allowed);
  }

  #chain(op: 'and' | 'or', keyword: string, part: () => ParsedExpr): ParsedExpr {
    const first = part();
    const parts = [first];
    while (this.#accept(keyword)) parts.push(part());
    if (parts.length === 1) return first;
    // a AND (b AND c) means the same as a AND b AND c, so all of them share one node.
    const args = parts.flatMap((arg) => (arg.op === op && 'args' in arg ? arg.args : [arg]));
    return { op, args, at: first.at };
  }

  #not(): ParsedExpr {
    let negations = 0;
    const at = this.#peek.at;
    while (this.#accept('NOT')) negations += 1;
    if (negations > MAX_DEPTH)
      throw new TextError(at, 'the expression is nested too deeply', `${MAX_DEPTH} levels`);
    let result = this.#predicate();
    for (; negations > 0; negations -= 1) result = { op: 'not', args: [result], at };
    return result;
  }

  #predicate(): ParsedExpr {
    const value = this.#sum();
    const token = this.#peek;
    if (token.kind === 'symbol' && COMPARISONS.has(token.text)) {
      this.#take();
      return { op: token.text as ComparisonOperator, args: [value, this.#sum()], at: token.at };
    }
    if (this.#accept('IS')) {
      const op = this.#accept('NOT') ? 'isNotNull' : 'isNull';
      this.#required('NULL', 'IS NULL or IS NOT NULL');
      return { op, args: [value], at: token.at };
    }
    const negated = this.#accept('NOT');
    const predicate = this.#setPredicate(value, token.at);
    if (predicate) return negated ? { op: 'not', args: [predicate], at: token.at } : predicate;
    if (negated) throw unexpected(this.#peek, 'IN, BETWEEN or LIKE');
    return value;
  }

  #setPredicate(value: ParsedExpr, at: number): ParsedExpr | undefined {
    if (this.#accept('BETWEEN')) {
      const low = this.#sum();
      this.#required('AND', 'BETWEEN low AND high');
      return { op: 'between', args: [value, low, this.#sum()], at };
    }
    if (this.#accept('IN')) {
      this.#required('(', 'IN (value, …)');
      const args = [value];
      do args.push(this.#sum());
      while (this.#accept(','));
      this.#required(')', 'IN (value, …)');
      return { op: 'in', args, at };
    }
    if (this.#accept('LIKE')) return { op: 'like', args: [value, this.#sum()], at };
    return undefined;
  }

  #sum(): ParsedExpr {
    return this.#leftToRight(['+', '-'], () => this.#leftToRight(['*', '/', '%'], () => this.#unary()));
  }

  #leftToRight(operators: readonly ArithmeticOperator[], part: () => ParsedExpr): ParsedExpr {
    let result = part();
    for (;;) {
      const { at } = this.#peek;
      const op = operators.find((symbol) => this.#accept(symbol));
      if (!op) return result;
      result = { op, args: [result, part()], at };
    }
  }

  #unary(): ParsedExpr {
    const { at } = this.#peek;
    if (!this.#accept('-')) return this.#operand();
    const number = this.#peek;
    // The sign belongs to the literal so that the smallest 64-bit integer can be written.
    if (number.kind !== 'number') return { op: 'negate', args: [this.#operand()], at };
    this.#take();
    return { op: 'literal', ...numberLiteral(`-${number.text}`, at), at };
  }

  #operand(): ParsedExpr {
    const token = this.#take();
    const { at, text } = token;
    if (token.kind === 'number') return { op: 'literal', ...numberLiteral(text, at), at };
    if (token.kind === 'text') return { op: 'literal', type: 'string', value: text, at };
    if (token.kind === 'keyword' && (text === 'TRUE' || text === 'FALSE')) {
      return { op: 'literal', type: 'boolean', value: text.toLowerCase(), at };
    }
    if (token.kind === 'symbol' && text === '(') {
      const inner = this.expression();
      this.#required(')', `${OPERATORS}, or )`);
      return inner;
    }
    if (token.kind !== 'word' && token.kind !== 'name') throw unexpected(token, OPERAND);
    if (token.kind === 'word' && this.#peek.kind === 'text' && /^(date|timestamp)$/i.test(text)) {
      const type = text.toLowerCase() as 'date' | 'timestamp';
      return { op: 'literal', type, value: this.#take().text, at };
    }
    if (this.#peek.kind === 'symbol' && this.#peek.text === '(') {
      throw new TextError(at, `the function ${text} is not supported here`, OPERAND);
    }
    const names = [text];
    while (this.#accept('.')) {
      const part = this.#take();
      if (part.kind !== 'word' && part.kind !== 'name') throw unexpected(part, 'a name');
      names.push(part.text);
    }
    return { op: 'column', name: pathText(names), at };
  }

  get #peek(): SqlToken {
    return this.#tokens[this.#next] as SqlToken;
  }

  #take(): SqlToken {
    const token = this.#peek;
    if (token.kind !== 'end') this.#next += 1;
    return token;
  }

  #accept(text: string): boolean {
    const token = this.#peek;
    if ((token.kind !== 'symbol' && token.kind !== 'keyword') || token.text !== text) return false;
    this.#next += 1;
    return true;
  }

  #required(text: string, allowed: string): void {
    if (!this.#accept(text)) throw unexpected(this.#peek, allowed);
  }
}

function unexpected(token: SqlToken, allowed: string): TextError {
  const what = token.kind === 'end' ? 'the text ends too early' : `${token.shown} is not expected here`;
  return new TextError(token.at, what, allowed);
}

/**
 * A number as a literal: an integer, a decimal with its own digits, or a double where it has an
 * exponent.
 */
function numberLiteral(text: string, at: number): { type: LiteralType; value: string } {
  if (/[eE]/.test(text)) {
    if (!Number.isFinite(Number(text)))
      throw new TextError(at, `${text} is no finite double`, 'up to 1.7e308');
    return { type: 'double', value: String(Number(text)) };
  }
  const value = text.replace(/^(-?)0+(?=\d)/, '$1');
  if (value.includes('.')) {
    const digits = value.replace(/^-?0*\.?|\./g, '').length;
    if (digits > 38) throw new TextError(at, `${text} has ${digits} digits`, 'at most 38');
    return { type: 'decimal', value };
  }
  if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) {
    throw new TextError(at, `${text} is no 64-bit integer`, 'up to 9223372036854775807, or with decimals');
  }
  return { type: 'integer', value: String(BigInt(value)) };
}
