import type { StackConfig } from '../../../config/stack-config.ts';
import type { ServiceName } from '../../../core/services.ts';
import type { RunLayout } from '../run-layout.ts';
import type { Toolchain } from '../toolchain.ts';
import { kafkaLaunch } from './kafka-launch.ts';
import { kafkaInitLaunch, producerLaunch } from './node-launch.ts';
import type { ServiceLaunch } from './service-launch.ts';
import { sparkMasterLaunch, sparkWorkerLaunch } from './spark-daemon-launch.ts';
import { sparkStreamingLaunch } from './spark-streaming-launch.ts';
import { zookeeperLaunch } from './zookeeper-launch.ts';

/**
 * What a service's start consists of; touches nothing.
 * @param toolchain asked for only by services that need it
 */
export function serviceLaunch(
  service: ServiceName,
  config: StackConfig,
  layout: RunLayout,
  toolchain: () => Toolchain,
  outputPath: string,
): ServiceLaunch {
  switch (service) {
    case 'zookeeper':
      return zookeeperLaunch(config, layout, toolchain());
    case 'kafka':
      return kafkaLaunch(config, layout, toolchain());
    case 'kafka-init':
      return kafkaInitLaunch(config, layout);
    case 'spark-master':
      return sparkMasterLaunch(config, layout, toolchain());
    case 'spark-worker':
      return sparkWorkerLaunch(config, layout, toolchain());
    case 'spark-streaming':
      return sparkStreamingLaunch(config, layout, toolchain(), outputPath);
    case 'producer':
      return producerLaunch(config, layout);
  }
}
