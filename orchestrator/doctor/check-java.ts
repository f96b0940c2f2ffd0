import { join } from 'node:path';
import type { StackConfig } from '../config/stack-config.ts';
import { findJava } from '../runtime/local/provision/find-java.ts';
import { installText } from '../runtime/local/provision/install-advice.ts';
import { toolEnvironment } from '../runtime/local/provision/tool-environment.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** A Java that Spark supports; without one, `up` downloads Java 17 to its cache. */
export async function checkJava(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const memory = join(config.cacheDir, 'java', 'known.json');
  const { found, declined } = await findJava(toolEnvironment(config.environment), memory, signal);
  const name = 'Java';
  const passedOver = declined.map((reason) => `; ${reason}`).join('');
  if (found) return [{ name, state: 'ok', detail: `${found.version} (${found.home})${passedOver}` }];
  return [
    {
      name,
      state: 'note',
      detail: `none that Spark 3.5 runs on (8, 11 or 17)${passedOver}; \`npm run up\` downloads one to its cache`,
      remedy: `If you prefer the system's: ${installText('java')}`,
    },
  ];
}
