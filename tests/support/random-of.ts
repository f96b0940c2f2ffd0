import { derivedSeed, seededRandom } from '../../producer/generate/random.ts';

/** Draws numbers from 0 to below 1, the same ones for the same seed. */
export function randomOf(seed: number): () => number {
  const random = seededRandom(derivedSeed(String(seed), 'test'));
  return () => random.fraction();
}
