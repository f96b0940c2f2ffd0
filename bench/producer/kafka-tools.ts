import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Toolchain } from '../../orchestrator/runtimes/local/launch.ts';
import { ivySettings } from '../../orchestrator/toolchain/jars.ts';

/**
 * The jar of Kafka's command-line tools in the version of the broker. The product itself does not
 * need it. It is resolved once, as the product's own jars are, by the Ivy of PySpark.
 * @returns a class path for the tools
 */
export function kafkaToolsClassPath(toolchain: Toolchain, folder: string): string {
  const version = basename(dirname(toolchain.kafkaJars));
  const jars = join(folder, `kafka-tools-${version}`);
  if (!existsSync(jars)) {
    mkdirSync(folder, { recursive: true });
    const module = join(folder, 'ivy.xml');
    writeFileSync(
      module,
      `<ivy-module version="2.0"><info organisation="medallion-stream" module="bench"/>
  <configurations><conf name="default"/></configurations>
  <dependencies><dependency org="org.apache.kafka" name="kafka-tools" rev="${version}" transitive="false" conf="default->default"/></dependencies>
</ivy-module>\n`,
    );
    const ivy = readdirSync(join(toolchain.sparkHome, 'jars')).find((jar) => /^ivy-[\d.]+\.jar$/.test(jar));
    execFileSync(
      join(toolchain.javaHome, 'bin', 'java'),
      [
        ...toolchain.jvmTrustOptions,
        ...['-jar', join(toolchain.sparkHome, 'jars', String(ivy))],
        ...[
          '-settings',
          ivySettings(process.env, folder),
          '-cache',
          join(folder, 'ivy-cache'),
          '-ivy',
          module,
        ],
        ...['-retrieve', join(jars, '[artifact]-[revision].[ext]')],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
  }
  return [join(jars, '*'), join(toolchain.kafkaJars, '*')].join(':');
}
