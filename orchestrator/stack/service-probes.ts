import type { StackConfig } from '../config/stack-config.ts';
import { localPath } from '../core/local-path.ts';
import type { Probe } from '../core/probe.ts';
import type { ServiceName } from '../core/services.ts';
import { kafkaProbe, topicProbe } from '../probes/kafka.ts';
import { producerProbe } from '../probes/producer.ts';
import { sparkMasterProbe, sparkWorkerProbe } from '../probes/spark-master.ts';
import { type StreamingJobView, streamingJobProbe } from '../probes/streaming-job.ts';
import { zookeeperProbe } from '../probes/zookeeper.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { observeService } from './observe-service.ts';

/** How each service's readiness is asked for, the same in every runtime. `up` gates on these and `status` asks them once. */
export function serviceProbe(service: ServiceName, config: StackConfig, runtime: Runtime): Probe {
  const { endpoints } = runtime;
  switch (service) {
    case 'zookeeper':
      return zookeeperProbe(endpoints.zookeeper);
    case 'kafka':
      return kafkaProbe(endpoints.kafka);
    case 'kafka-init':
      return topicProbe(endpoints.kafka, config.settings.KAFKA_TOPIC);
    case 'spark-master':
      return sparkMasterProbe(endpoints.sparkMasterUi);
    case 'spark-worker':
      return sparkWorkerProbe(endpoints.sparkMasterUi, config.settings.SPARK_WORKERS);
    case 'spark-streaming':
      return streamingJobProbe(streamingJobView(runtime));
    case 'producer':
      return producerProbe(() => observeService(runtime, 'producer'));
  }
}

/** The job as its probes see it. */
export function streamingJobView(runtime: Runtime): StreamingJobView {
  return {
    observe: () => observeService(runtime, 'spark-streaming'),
    outputPath: localPath(runtime.outputPath),
  };
}
