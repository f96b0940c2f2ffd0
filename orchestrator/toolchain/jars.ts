import { rmSync, statSync, writeFileSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { StackConfig } from '../settings/stack-config.ts';
import { ProductError } from '../util/product-error.ts';
import type { StepContext } from '../util/run-plan.ts';
import { userCommand } from '../util/user-command.ts';
import { javaNetworkOptions } from './certificates.ts';
import { ensureInstalled, type Recipe } from './installation.ts';
import type { PySpark } from './pyspark.ts';
import { toolFailure } from './run-tool.ts';

/** The last version line of Kafka that runs on ZooKeeper; it brings ZooKeeper 3.8 with it. */
const KAFKA_VERSION = '3.9.2';

/**
 * Kafka and ZooKeeper log through slf4j 1.7. The binding is of that version line, and reload4j is
 * what Kafka ships with itself.
 */
const DEPENDENCIES: readonly (readonly [organization: string, module: string, revision: string])[] = [
  ['org.apache.kafka', 'kafka_2.13', KAFKA_VERSION],
  ['org.slf4j', 'slf4j-reload4j', '1.7.36'],
];

const KAFKA_BYTES = 250_000_000;

/** Returns where the jars are, or will be. */
export function kafkaJarsFolder(config: StackConfig): string {
  return join(installationFolder(config), 'jars');
}

const installationFolder = (config: StackConfig): string => join(config.cacheDir, 'kafka', KAFKA_VERSION);

/**
 * Provides Kafka's broker, ZooKeeper and a logging binding, resolved by the Ivy that PySpark
 * carries.
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
    neededBytes: KAFKA_BYTES,
    resumable: true,
    build: async ({ folder, temporary, say, run }) => {
      const module = join(temporary, 'ivy.xml');
      writeFileSync(module, IVY_MODULE);
      // Removes what an interrupted run retrieved; its downloads are in Ivy's own cache next to it.
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
    hint: `Delete the folder of this PySpark in the cache, then run \`${userCommand('up')}\` again.`,
  });
}

const CONNECTOR_BYTES = 250_000_000;

/** Returns `spark.jars.ivy` of this Spark version. */
export function ivyFolder(config: StackConfig): string {
  return join(config.cacheDir, 'ivy', `spark-${config.settings.SPARK_VERSION}`);
}

/**
 * Lets Spark's own resolver fill `spark.jars.ivy` with the Kafka connector, by submitting an
 * application that does nothing. Names, exclusions and cache layout are then those that the job's
 * `--packages` finds again, without a download.
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
    neededBytes: CONNECTOR_BYTES,
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
          hint: `Check the repository you use (IVY_SETTINGS_FILE, DEFAULT_ARTIFACT_REPOSITORY), then run \`${userCommand('up')}\` again.`,
          logTail: submit.lines.slice(-20),
        });
      }
      return { files: [...jars, ...(await moduleDescriptors(folder))], facts: {} };
    },
  };
  const { made } = await ensureInstalled(recipe, config.projectDir, context);
  return `${subject}${made ? ' downloaded' : ''}`;
}

/**
 * Returns the descriptors of the resolved modules. If one is missing, Ivy asks the repository
 * again.
 */
async function moduleDescriptors(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'cache'), { recursive: true });
  return names.filter((name) => /(^|\/)ivy-[^/]+\.xml$/.test(name)).map((name) => join('cache', name));
}

/**
 * Returns the Ivy settings file to resolve with: the user's own, which IVY_SETTINGS_FILE names, or
 * one written to the folder. That one has Ivy's default public repository or the one of
 * DEFAULT_ARTIFACT_REPOSITORY, the variable that Spark reads for that. Spark's built-in settings
 * ask a second repository, which has nothing of ours, for the jar of every parent POM; where a
 * firewall swallows requests, each of them would have to time out.
 * @throws ProductError BAD_SETTING when IVY_SETTINGS_FILE is not a file
 */
export function ivySettings(
  environment: Readonly<Record<string, string | undefined>>,
  folder: string,
): string {
  const own = environment['IVY_SETTINGS_FILE'];
  if (own) {
    if (statSync(own, { throwIfNoEntry: false })?.isFile()) return resolve(own);
    throw new ProductError('BAD_SETTING', {
      message: `IVY_SETTINGS_FILE=${own} is not a file.`,
      hint: 'Let IVY_SETTINGS_FILE name your ivysettings.xml, or unset it.',
    });
  }
  const file = join(folder, 'ivysettings.xml');
  // Ivy reads the variable itself, so that an address with a password does not get into a file.
  const root = environment['DEFAULT_ARTIFACT_REPOSITORY']
    ? ` root="\${env.DEFAULT_ARTIFACT_REPOSITORY}"`
    : '';
  writeFileSync(
    file,
    `<ivysettings>
  <properties environment="env"/>
  <settings defaultResolver="central"/>
  <resolvers>
    <ibiblio name="central" m2compatible="true" usepoms="true"${root}/>
  </resolvers>
</ivysettings>
`,
  );
  return file;
}

/**
 * File names as Spark's resolver gives them. They contain the organization, because different ones
 * publish jars of one name.
 */
const IVY_JAR_PATTERN = '[organization]_[artifact]-[revision](-[classifier]).[ext]';

/** Reports what Ivy's lines mean: look-ups first, then one jar after the other. */
export function ivyProgress(subject: string, say: (phrase: string) => void): (line: string) => void {
  let found = 0;
  let downloaded = 0;
  return (line) => {
    if (/^\s*found \S+;\S+ in /.test(line)) say(`looking up ${subject}: ${++found} modules`);
    if (/^downloading \S+\.jar /.test(line)) say(`downloading ${subject}: jar ${++downloaded} of ${found}`);
  };
}

/**
 * Returns the jars in a folder, each checked to end as an archive must. Ivy compared them with the
 * repository's checksums where it publishes them. This check finds a truncated jar where it does
 * not.
 * @throws ProductError PROVISION_FAILED naming the jar
 */
export async function wholeJars(folder: string): Promise<readonly string[]> {
  const jars = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.jar'));
  for (const jar of jars) {
    if (await endsAsArchive(join(folder, jar))) continue;
    throw new ProductError('PROVISION_FAILED', {
      message: `${join(folder, jar)} is not a whole archive.`,
      hint: `Delete it, then run \`${userCommand('up')}\` again; if the error stays, the repository you use has a damaged copy.`,
    });
  }
  return jars;
}

/**
 * The end of the central directory; a comment of up to 64 KiB may follow. Source: APPNOTE.TXT,
 * 4.3.16.
 */
const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const LONGEST_END_BYTES = 22 + 65_535;

async function endsAsArchive(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, LONGEST_END_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.lastIndexOf(END_OF_DIRECTORY) >= 0;
  } finally {
    await file.close();
  }
}
