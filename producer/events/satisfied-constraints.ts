import type { Constraints, Expectation, Expr, Field } from '../../orchestrator/pipeline/model.ts';

/** What a generated value should keep beyond its contract, by the path's text in SQL. */
export interface Narrowing {
  readonly constraints: Constraints;
  /** Whether null would not do. */
  readonly isPresent: boolean;
}

const NOTHING: Narrowing = { constraints: {}, isPresent: false };

/**
 * What the conditions that quarantine ask of single columns: comparisons with a constant, IN, BETWEEN
 * and IS NOT NULL, joined by AND. Generated events are drawn within it. Other conditions are met by
 * drawing again.
 */
export function narrowings(expectations: readonly Expectation[]): ReadonlyMap<string, Narrowing> {
  const found = new Map<string, Narrowing>();
  const add = ({ name }: { readonly name: string }, constraints: Constraints, isPresent = false): void => {
    const before = found.get(name) ?? NOTHING;
    found.set(name, {
      constraints: { ...constraints, ...before.constraints },
      isPresent: before.isPresent || isPresent,
    });
  };
  for (const { expression } of expectations)
    for (const condition of conjuncts(expression)) narrow(condition, add);
  return found;
}

function conjuncts(expr: Expr): readonly Expr[] {
  return expr.op === 'and' ? expr.args.flatMap(conjuncts) : [expr];
}

type Add = (column: { readonly name: string }, constraints: Constraints, isPresent?: boolean) => void;

const MIRRORED: Readonly<Record<string, string>> = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '=': '=' };
const LIMITS = {
  '<': 'exclusiveMaximum',
  '<=': 'maximum',
  '>': 'exclusiveMinimum',
  '>=': 'minimum',
} as const;

function narrow(expr: Expr, add: Add): void {
  if (!('args' in expr)) return;
  const [one, other, third] = expr.args;
  if (one?.op === 'literal' && other?.op === 'column' && Object.hasOwn(MIRRORED, expr.op)) {
    narrow({ op: MIRRORED[expr.op] as '<', args: [other, one] }, add);
    return;
  }
  if (one?.op !== 'column') return;
  if (expr.op === 'isNotNull') add(one, {}, true);
  if (expr.op === 'in') {
    const literals = expr.args.slice(1).flatMap((arg) => (arg.op === 'literal' ? [arg.value] : []));
    if (literals.length === expr.args.length - 1) add(one, { validValues: literals });
  }
  if (other?.op !== 'literal') return;
  if (expr.op === '=') add(one, { validValues: [other.value] });
  if (Object.hasOwn(LIMITS, expr.op)) add(one, { [LIMITS[expr.op as '<']]: other.value });
  if (expr.op === 'between' && third?.op === 'literal')
    add(one, { minimum: other.value, maximum: third.value });
}

/**
 * The field with what is asked of it. Limits of the contract win where it has the same kind: events
 * are checked afterwards.
 */
export function narrowed<T extends Pick<Field, 'constraints' | 'type'>>(
  field: T,
  narrowing: Narrowing | undefined,
): T {
  if (!narrowing) return field;
  const { validValues: asked, ...limits } = narrowing.constraints;
  const has = field.constraints.validValues;
  const both = asked && has ? has.filter((value) => asked.includes(value)) : (asked ?? has);
  const validValues = both?.length ? { validValues: both } : has ? { validValues: has } : {};
  const limited = field.type.kind === 'string' || field.type.kind === 'boolean' ? {} : limits;
  return { ...field, constraints: { ...limited, ...field.constraints, ...validValues } };
}
