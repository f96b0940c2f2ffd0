import { expect, it } from 'vitest';
import { sources, textsOf } from '../support/source-texts.ts';

it('what a user types to run a command is written in one file', () => {
  const written = sources
    .filter((path) => !path.startsWith('bench/'))
    .filter((path) => textsOf(path).some((text) => /\bnpm (run|test)\b/.test(text)));
  // `npm test` has no `run`.
  expect(written.toSorted()).toEqual(['orchestrator/util/user-command.ts', 'producer/command/npm-flags.ts']);
});
