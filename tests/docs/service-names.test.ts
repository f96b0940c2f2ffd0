import { describe, expect, it } from 'vitest';
import { SERVICE_NAMES } from '../../orchestrator/services/services.ts';
import { sources, textsOf } from '../support/source-texts.ts';

/** Where a service's name is used in another meaning, and in which one. */
const OTHER_MEANINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'orchestrator/settings/setting-row.ts': {
    'kafka-init': 'whose a setting is, in the words of the table: settings know of no services',
    'spark-worker': 'the same',
    producer: 'the same',
    dashboard: 'the same',
  },
  'orchestrator/settings/setting-table.ts': {
    'kafka-init': 'the same',
    'spark-worker': 'the same',
    producer: 'the same',
    dashboard: 'the same',
  },
  'orchestrator/settings/producer-settings.ts': { producer: 'the same' },
  'orchestrator/settings/setting-documents.ts': {
    'spark-worker': 'the same',
    producer: 'the same',
    dashboard: 'the same',
  },
  'producer/config.ts': { producer: 'the same' },
  'producer/command/command-line.ts': { producer: 'the same' },
  'orchestrator/settings/load-settings.ts': { producer: 'the same' },
  'orchestrator/settings/stack-config.ts': {
    producer: 'the folder of sources',
    dashboard: 'the folder of sources',
  },
  'orchestrator/toolchain/jars.ts': { kafka: 'the distribution, in the cache' },
  'orchestrator/toolchain/toolchain.ts': { kafka: 'the same' },
  'bench/commands/producer.ts': { producer: 'the benchmark' },
};

/**
 * A name of several words always means the service. A name of a single word is also an ordinary
 * word.
 */
function names(text: string, name: string): boolean {
  return name.includes('-') ? new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text) : text === name;
}

const texts = new Map(sources.map((path) => [path, textsOf(path)]));
const has = (path: string, name: string) => texts.get(path)?.some((text) => names(text, name)) === true;

describe('the name of a service', () => {
  it.each(SERVICE_NAMES)('%s stands in its own source file alone', (name) => {
    const found = sources.filter((path) => has(path, name) && !OTHER_MEANINGS[path]?.[name]);
    expect(found).toEqual([`orchestrator/services/${name}.ts`]);
  });

  it('is excused in another file only where that file has the word', () => {
    const excused = Object.entries(OTHER_MEANINGS).flatMap(([path, words]) =>
      Object.keys(words).map((name) => ({ path, name })),
    );
    expect(excused.filter(({ path, name }) => !has(path, name))).toEqual([]);
  });
});
