import { writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackConfig } from '../../../config/stack-config.ts';
import { ProductError } from '../../../core/product-error.ts';
import type { StepContext } from '../../../core/step.ts';
import { ensureInstalled, type Recipe } from './installation.ts';
import { ivyProgress, ivySettings, wholeJars } from './ivy.ts';
import { javaNetworkOptions } from './java-network-options.ts';
import type { PySpark } from './pyspark.ts';
import { toolFailure } from './tool-failure.ts';

const NEEDED_BYTES = 250_000_000;

/** `spark.jars.ivy` of this Spark version. */
export function ivyFolder(config: StackConfig): string {
  return join(config.cacheDir, 'ivy', `spark-${config.settings.SPARK_VERSION}`);
}

/**
 * Lets Spark's own resolver fill `spark.jars.ivy` with the Kafka connector, by submitting an application that does nothing:
 * names, exclusions and cache layout are then those that the job's `--packages` finds again, without a download.
 * @returns what was done, in a phrase
 * @throws ProductError PROVISION_FAILED
 */
export async function ensureConnector(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  tools: { readonly javaHome: string; readonly pyspark: PySpark; readonly trustOptions: readonly string[] },
  context: StepContext,
): Promise<string> {
  const version = config.settings.SPARK_VERSION;
  const coordinates = `org.apache.spark:spark-sql-kafka-0-10_2.12:${version}`;
  const subject = `the Kafka connector ${version}`;
  const recipe: Recipe = {
    folder: ivyFolder(config),
    subject,
    recipe: coordinates,
    neededBytes: NEEDED_BYTES,
    resumable: true,
    build: async ({ folder, temporary, say, run }) => {
      const application = join(temporary, 'nothing.py');
      writeFileSync(application, '');
      say(`looking up ${subject}`);
      const submit = await run({
        file: join(tools.javaHome, 'bin', 'java'),
        args: [
          ...javaNetworkOptions(environment),
          ...tools.trustOptions,
          `-Djava.io.tmpdir=${temporary}`,
          ...['-cp', join(tools.pyspark.home, 'jars', '*'), 'org.apache.spark.deploy.SparkSubmit'],
          ...['--packages', coordinates],
          ...['--conf', `spark.jars.ivy=${folder}`],
          ...['--conf', `spark.jars.ivySettings=${ivySettings(environment, temporary)}`],
          application,
        ],
        environment: {
          ...environment,
          SPARK_HOME: tools.pyspark.home,
          SPARK_CONF_DIR: temporary,
          SPARK_LOCAL_IP: '127.0.0.1',
          PYSPARK_PYTHON: tools.pyspark.python,
        },
        onLine: ivyProgress(subject, say),
      });
      if (!submit.succeeded) throw toolFailure(subject, "Spark's resolver", submit);
      const jars = await wholeJars(folder);
      if (!jars.some((jar) => jar.includes(`spark-sql-kafka-0-10_2.12-${version}.jar`))) {
        throw new ProductError('PROVISION_FAILED', {
          message: `Spark's resolver ended without an error and without ${coordinates}.`,
          hint: 'Check the repository you use (IVY_SETTINGS_FILE, DEFAULT_ARTIFACT_REPOSITORY), then run `npm run up` again.',
          logTail: submit.lines.slice(-20),
        });
      }
      return { files: [...jars, ...(await moduleDescriptors(folder))], facts: {} };
    },
  };
  const { made } = await ensureInstalled(recipe, config.projectDir, context);
  return `${subject}${made ? ' downloaded' : ''}`;
}

/** The descriptors of what was resolved; without one of them, Ivy asks the repository again. */
async function moduleDescriptors(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'cache'), { recursive: true });
  return names.filter((name) => /(^|\/)ivy-[^/]+\.xml$/.test(name)).map((name) => join('cache', name));
}
