import { shownValue } from '../../producer/shown-value.ts';
import { FAULT_KINDS, type FaultKind, STRUCK } from './fault.ts';

/** Words of `--only` and `--except`: kinds of faults and what they are done to. */
export const FILTER_WORDS: readonly string[] = [...FAULT_KINDS, ...STRUCK];

/** Which faults a schedule is made of. */
export interface FaultFilter {
  readonly kinds: readonly FaultKind[];
  readonly struck: readonly string[];
}

/**
 * Kinds and targets are chosen apart: `only driver,worker` allows every kind on these two, `only kill,driver` kills of the driver.
 * @throws Error naming the word that is not known, or saying that nothing is left
 */
export function faultFilter(only: readonly string[], except: readonly string[]): FaultFilter {
  for (const word of [...only, ...except]) {
    if (!FILTER_WORDS.includes(word)) {
      throw new Error(`${shownValue(word)} is no fault: allowed are ${FILTER_WORDS.join(', ')}`);
    }
  }
  const chosen = <Word extends string>(all: readonly Word[]): readonly Word[] => {
    const named = all.filter((word) => only.includes(word));
    return (named.length > 0 ? named : all).filter((word) => !except.includes(word));
  };
  return { kinds: chosen(FAULT_KINDS), struck: chosen(STRUCK) };
}
