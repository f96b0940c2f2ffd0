import { rmSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackConfig } from '../../../config/stack-config.ts';
import { ProductError } from '../../../core/product-error.ts';
import type { StepContext } from '../../../core/step.ts';
import { ensureInstalled, type Recipe } from './installation.ts';
import { IVY_JAR_PATTERN, ivyProgress, ivySettings, wholeJars } from './ivy.ts';
import { javaNetworkOptions } from './java-network-options.ts';
import type { PySpark } from './pyspark.ts';
import { toolFailure } from './tool-failure.ts';

/** The last line of Kafka that runs on ZooKeeper; it brings ZooKeeper 3.8 with it. */
const KAFKA_VERSION = '3.9.2';

/** Kafka and ZooKeeper log through slf4j 1.7; the binding is of that line, and reload4j is what Kafka ships with itself. */
const DEPENDENCIES: readonly (readonly [organization: string, module: string, revision: string])[] = [
  ['org.apache.kafka', 'kafka_2.13', KAFKA_VERSION],
  ['org.slf4j', 'slf4j-reload4j', '1.7.36'],
];

const NEEDED_BYTES = 250_000_000;

/** Where the jars are, or will be. */
export function kafkaJarsFolder(config: StackConfig): string {
  return join(installationFolder(config), 'jars');
}

const installationFolder = (config: StackConfig): string => join(config.cacheDir, 'kafka', KAFKA_VERSION);

/**
 * Kafka's broker, ZooKeeper and a logging binding, resolved by the Ivy that PySpark carries.
 * @returns what was done, in a phrase
 * @throws ProductError PROVISION_FAILED
 */
export async function ensureKafkaJars(
  config: StackConfig,
  environment: Readonly<Record<string, string | undefined>>,
  tools: { readonly javaHome: string; readonly pyspark: PySpark; readonly trustOptions: readonly string[] },
  context: StepContext,
): Promise<string> {
  const subject = `Kafka ${KAFKA_VERSION} with ZooKeeper`;
  const recipe: Recipe = {
    folder: installationFolder(config),
    subject,
    recipe: DEPENDENCIES.map((coordinates) => coordinates.join(':')).join(' '),
    neededBytes: NEEDED_BYTES,
    resumable: true,
    build: async ({ folder, temporary, say, run }) => {
      const module = join(temporary, 'ivy.xml');
      writeFileSync(module, IVY_MODULE);
      // What an interrupted run retrieved; its downloads are in Ivy's own cache beside it.
      rmSync(join(folder, 'jars'), { recursive: true, force: true });
      say(`looking up ${subject}`);
      const ivy = await run({
        file: join(tools.javaHome, 'bin', 'java'),
        args: [
          ...javaNetworkOptions(environment),
          ...tools.trustOptions,
          ...['-jar', await ivyJar(tools.pyspark)],
          ...['-settings', ivySettings(environment, temporary)],
          ...['-cache', join(folder, 'ivy-cache'), '-ivy', module],
          ...['-retrieve', join(folder, 'jars', IVY_JAR_PATTERN)],
        ],
        environment,
        onLine: ivyProgress(subject, say),
      });
      if (!ivy.succeeded) throw toolFailure(subject, 'Ivy', ivy);
      const jars = await wholeJars(join(folder, 'jars'));
      rmSync(join(folder, 'ivy-cache'), { recursive: true, force: true });
      return { files: jars.map((jar) => join('jars', jar)), facts: {} };
    },
  };
  const { made } = await ensureInstalled(recipe, config.projectDir, context);
  return `${subject}${made ? ' downloaded' : ''}`;
}

/** Each with its run-time dependencies, in the newest revision that any of them asks for. */
const IVY_MODULE = `<ivy-module version="2.0">
  <info organisation="medallion-stream" module="kafka"/>
  <configurations><conf name="default"/></configurations>
  <dependencies defaultconf="default->default(runtime)">
${DEPENDENCIES.map(([org, name, rev]) => `    <dependency org="${org}" name="${name}" rev="${rev}"/>`).join('\n')}
  </dependencies>
</ivy-module>
`;

async function ivyJar(pyspark: PySpark): Promise<string> {
  const folder = join(pyspark.home, 'jars');
  const name = (await readdir(folder)).find((jar) => /^ivy-[\d.]+\.jar$/.test(jar));
  if (name !== undefined) return join(folder, name);
  throw new ProductError('PROVISION_FAILED', {
    message: `${folder} has no Ivy jar.`,
    hint: 'Delete the folder of this PySpark in the cache, then run `npm run up` again.',
  });
}
