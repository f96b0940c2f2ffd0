import { javaProperties } from './java-properties.ts';

/** Logging of ZooKeeper and Kafka: reload4j (log4j 1) to standard output, which the supervisor keeps and rotates. */
export const KAFKA_LOGGING = javaProperties({
  'log4j.rootLogger': 'INFO, stdout',
  'log4j.appender.stdout': 'org.apache.log4j.ConsoleAppender',
  'log4j.appender.stdout.layout': 'org.apache.log4j.PatternLayout',
  'log4j.appender.stdout.layout.ConversionPattern': '%d{yyyy-MM-dd HH:mm:ss.SSS} %p %c{1} %m%n',
  // A banner, the whole class path, one line a setting and a line per request would bury what matters.
  'log4j.logger.kafka': 'INFO',
  'log4j.logger.org.apache.kafka': 'INFO',
  'log4j.logger.org.apache.kafka.common.config.AbstractConfig': 'WARN',
  'log4j.logger.kafka.server.KafkaConfig': 'WARN',
  'log4j.logger.kafka.request.logger': 'WARN',
  'log4j.logger.kafka.network.RequestChannel$': 'WARN',
  'log4j.logger.org.apache.zookeeper': 'WARN',
  'log4j.logger.org.apache.zookeeper.server.quorum.QuorumPeerMain': 'INFO',
  'log4j.logger.state.change.logger': 'WARN',
});

/** For the class path's binding; relative to the working folder, so that no path needs quoting. */
export const KAFKA_LOGGING_FILE = 'log4j.properties';
