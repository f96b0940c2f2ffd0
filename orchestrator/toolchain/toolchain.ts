import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Tool, Toolchain } from '../runtimes/local/launch.ts';
import type { SetupStep } from '../runtimes/runtime.ts';
import { namesOf, type Service } from '../services/service.ts';
import type { StackConfig } from '../settings/stack-config.ts';
import { certificateAuthorities } from './certificates.ts';
import { assertSystem } from './install-advice.ts';
import { assertCacheWritable } from './installation.ts';
import { ensureConnector, ensureKafkaJars, ivyFolder, kafkaJarsFolder } from './jars.ts';
import { ensureJava, type Java } from './java.ts';
import { ensurePySpark, installedPySpark, type PySpark } from './pyspark.ts';
import { findPython, type Python } from './python-packages.ts';
import { toolEnvironment } from './run-tool.ts';
import { readAnyStamp, type Stamp } from './stamp.ts';

/** Provides everything that the services' processes need in the per-user cache. */
export interface Provisioning {
  /**
   * Checks for what the steps need of the machine and cannot install: Python, unless PySpark is
   * installed already, and the files of its certificate authorities. Writes nothing but the cache's
   * folder; starts no process when all is there.
   * @throws ProductError UNSUPPORTED_SYSTEM, PYTHON_MISSING, BAD_SETTING, PROVISION_FAILED
   */
  checkMachine(signal: AbortSignal): Promise<void>;
  /**
   * Steps named `java`, `pyspark`, `kafka-jars` and `connector`. Together they take a few
   * milliseconds when all is there.
   */
  readonly steps: readonly SetupStep[];
  /**
   * Returns the paths. They are usable once `java` and `pyspark` are done, each path once the step
   * that fills it is.
   */
  toolchain(): Toolchain;
}

/**
 * Returns the provisioning of one configuration. Nothing is changed before a step runs.
 * @param services those that wait for the steps which they name in their `tools`
 */
export function provisioning(config: StackConfig, services: readonly Service[]): Provisioning {
  const environment = toolEnvironment(config.environment);
  let java: Java | undefined;
  let pyspark: PySpark | undefined;
  let trustOptions: readonly string[] = [];
  let python: Promise<Python> | undefined;
  const pythonOnce = (signal: AbortSignal) => {
    python ??= findPython(environment, signal);
    return python;
  };
  const tools = () => {
    if (!java || !pyspark) throw new Error('the steps java and pyspark come before');
    return { javaHome: java.home, pyspark, trustOptions };
  };

  const parts: readonly (Omit<SetupStep, 'neededBy'> & { readonly name: Tool })[] = [
    {
      name: 'java',
      title: 'Java',
      after: [],
      run: async (context) => {
        const found = await ensureJava(config, environment, () => pythonOnce(context.signal), context);
        trustOptions = certificateAuthorities(environment, config.cacheDir).forJava(found.java.home);
        java = found.java;
        return `Java ${java.version}${found.remark}`;
      },
    },
    {
      name: 'pyspark',
      title: 'PySpark',
      after: [],
      run: async (context) => {
        const found = await ensurePySpark(config, environment, () => pythonOnce(context.signal), context);
        pyspark = found.pyspark;
        const name = `PySpark ${config.settings.SPARK_VERSION} on Python ${pyspark.pythonVersion}`;
        return `${name}${found.made ? ' installed' : ''}${found.remark}`;
      },
    },
    {
      name: 'kafka-jars',
      title: 'Kafka and ZooKeeper',
      after: ['java', 'pyspark'],
      run: (context) => ensureKafkaJars(config, environment, tools(), context),
    },
    {
      name: 'connector',
      title: "Spark's Kafka connector",
      after: ['java', 'pyspark'],
      run: (context) => ensureConnector(config, environment, tools(), context),
    },
  ];

  const steps = parts.map((part) => ({
    ...part,
    neededBy: namesOf(services.filter(({ asProcess }) => asProcess.tools.includes(part.name))),
  }));
  return {
    checkMachine: async (signal) => {
      assertSystem(environment);
      assertCacheWritable(config.cacheDir);
      certificateAuthorities(environment, config.cacheDir);
      if (!installedPySpark(config, environment)) await pythonOnce(signal);
    },
    steps,
    toolchain: () => {
      const { javaHome, pyspark: spark } = tools();
      return {
        javaHome,
        python: spark.python,
        sparkHome: spark.home,
        kafkaJars: kafkaJarsFolder(config),
        ivyDir: ivyFolder(config),
        jvmTrustOptions: trustOptions,
      };
    },
  };
}

/** Free space that provisioning everything from nothing takes at its peak. */
export const COLD_CACHE_BYTES = 2_300_000_000;

/** The kinds of things in the cache; each has one folder per version. */
const KINDS = ['java', 'pyspark', 'kafka', 'ivy'];

/** Returns every finished folder of the cache, of whatever version. */
export function provisionedFolders(
  cacheDir: string,
): readonly { readonly folder: string; readonly stamp: Stamp }[] {
  return KINDS.flatMap((kind) => {
    const parent = join(cacheDir, kind);
    if (!existsSync(parent)) return [];
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => join(parent, name))
      .flatMap((folder) => {
        const stamp = readAnyStamp(folder);
        return stamp ? [{ folder, stamp }] : [];
      });
  });
}
