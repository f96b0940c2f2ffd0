import { resolve } from 'node:path';
import { ProductError } from '../../../core/product-error.ts';
import { installText } from './install-advice.ts';
import { executableOnPath } from './path-search.ts';
import { runTool } from './run-tool.ts';

/** A Python from which venvs can be made. */
export interface Python {
  /** As found: what venvs are made with. */
  readonly executable: string;
  /** The interpreter behind it, outside any venv or version manager's shim. */
  readonly base: string;
  /** Major and minor: "3.11". */
  readonly version: string;
}

const OLDEST_MINOR = 9;
/** With newer ones PySpark 3.5 may work or not: they are taken when there is no other. */
const NEWEST_TESTED_MINOR = 13;

const minorOf = (version: string): number => Number(version.split('.')[1]);

/** Looked for in this order; the plain name first, as it is the user's choice. */
const NAMES = [
  'python3',
  ...Array.from(
    { length: NEWEST_TESTED_MINOR - OLDEST_MINOR + 1 },
    (_, index) => `python3.${NEWEST_TESTED_MINOR - index}`,
  ),
];

/** Prints what we ask of a Python; runs on any version, also on 2. */
const QUESTION = `
import sys
problem = ""
try:
    import venv, ensurepip
except ImportError as error:
    problem = str(error)
base = getattr(sys, "_base_executable", None) or sys.executable
print("%d.%d\\n%s\\n%s" % (sys.version_info[0], sys.version_info[1], base, problem))
`;

/**
 * Finds a Python: the one that PYTHON names, else the first usable on PATH.
 * @throws ProductError PYTHON_MISSING, saying what was seen and what mends it
 */
export async function findPython(
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Python> {
  const asked = environment['PYTHON'];
  const seen: string[] = [];
  let untested: Python | undefined;
  for (const name of asked ? [asked] : NAMES) {
    const executable = name.includes('/') ? resolve(name) : executableOnPath(name, environment);
    if (executable === undefined) continue;
    const answer = await ask(executable, environment, signal);
    if ('python' in answer) {
      if (asked || minorOf(answer.python.version) <= NEWEST_TESTED_MINOR) return answer.python;
      untested ??= answer.python;
      continue;
    }
    seen.push(`${executable} ${answer.problem}`);
  }
  if (untested) return untested;
  throw missing(asked, seen);
}

type Answer = { readonly python: Python } | { readonly problem: string };

async function ask(
  executable: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<Answer> {
  const run = { file: executable, args: ['-c', QUESTION], cwd: '/', environment, signal };
  let end: Awaited<ReturnType<typeof runTool>>;
  try {
    end = await runTool(run);
  } catch (error) {
    signal.throwIfAborted();
    return { problem: `cannot be run (${(error as NodeJS.ErrnoException).code ?? error})` };
  }
  if (!end.succeeded) return { problem: `ended with ${end.detail}` };
  const [version = '', base = '', problem = ''] = end.lines;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major !== 3 || minor < OLDEST_MINOR) return { problem: `is Python ${version}` };
  if (problem) return { problem: `is Python ${version}, ${problem}` };
  return { python: { executable, base, version } };
}

function missing(asked: string | undefined, seen: readonly string[]): ProductError {
  const found = seen.length > 0 ? seen.join('; ') : 'none was found on PATH';
  return new ProductError('PYTHON_MISSING', {
    message: asked
      ? `PYTHON=${asked} is not a usable Python (3.9 or newer, with venv and pip): ${seen.length > 0 ? found : 'no such program'}.`
      : `No usable Python (3.9 or newer, with venv and pip): ${found}.`,
    hint: asked
      ? 'Correct PYTHON, or unset it to search PATH.'
      : `Install Python 3.9 or newer with venv and ensurepip (${installText('python')}), or name another with PYTHON=/path/to/python3, then run \`npm run up\` again.`,
  });
}
