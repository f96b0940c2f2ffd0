import type { StackConfig } from '../../../config/stack-config.ts';
import { namesOf, type Service } from '../../../services/service.ts';
import type { PreparationStep } from '../../runtime.ts';
import type { Tool, Toolchain } from '../toolchain.ts';
import { certificateAuthorities } from './certificate-authorities.ts';
import { ensureConnector, ivyFolder } from './connector.ts';
import { assertCacheWritable } from './disk-space.ts';
import type { Java } from './find-java.ts';
import { findPython, type Python } from './find-python.ts';
import { ensureJava } from './java.ts';
import { ensureKafkaJars, kafkaJarsFolder } from './kafka-jars.ts';
import { ensurePySpark, installedPySpark, type PySpark } from './pyspark.ts';
import { assertSystem } from './system-support.ts';
import { toolEnvironment } from './tool-environment.ts';

/** Brings everything that the services' processes are made of to the per-user cache. */
export interface Provisioning {
  /**
   * Looks for what the steps need of the machine and cannot bring: Python, unless PySpark is there already, and the files of
   * its certificate authorities. Touches nothing but the cache's folder; starts no process when all is there.
   * @throws ProductError UNSUPPORTED_SYSTEM, PYTHON_MISSING, BAD_SETTING, PROVISION_FAILED
   */
  checkMachine(signal: AbortSignal): Promise<void>;
  /** Steps named `java`, `pyspark`, `kafka-jars` and `connector`; together a few milliseconds when all is there. */
  readonly steps: readonly PreparationStep[];
  /** The paths; usable once `java` and `pyspark` are done, each path once the step that fills it is. */
  toolchain(): Toolchain;
}

/**
 * The provisioning of one configuration; nothing is touched before a step runs.
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

  const parts: readonly (Omit<PreparationStep, 'neededBy'> & { readonly name: Tool })[] = [
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
