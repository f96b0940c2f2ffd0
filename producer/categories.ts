/** A kind of merchant and what people spend there. */
export interface Category {
  readonly name: string;
  /** Share of all transactions, as a weight relative to the other categories. */
  readonly weight: number;
  /** Half of the amounts are below this many euros. */
  readonly medianEuros: number;
  /** Standard deviation of the amount's logarithm: amounts are log-normal, many small and few large. */
  readonly spread: number;
}

export const categories: readonly Category[] = [
  { name: 'groceries', weight: 28, medianEuros: 27, spread: 0.8 },
  { name: 'restaurants', weight: 20, medianEuros: 19, spread: 0.7 },
  { name: 'transport', weight: 14, medianEuros: 6, spread: 0.8 },
  { name: 'fuel', weight: 8, medianEuros: 48, spread: 0.4 },
  { name: 'online', weight: 12, medianEuros: 32, spread: 1 },
  { name: 'health', weight: 5, medianEuros: 22, spread: 0.8 },
  { name: 'entertainment', weight: 6, medianEuros: 16, spread: 0.7 },
  { name: 'utilities', weight: 3, medianEuros: 74, spread: 0.5 },
  { name: 'electronics', weight: 2, medianEuros: 140, spread: 1 },
  { name: 'travel', weight: 2, medianEuros: 210, spread: 0.9 },
];
