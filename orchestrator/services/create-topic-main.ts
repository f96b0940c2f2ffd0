import { messageOf } from '../util/product-error.ts';
import { createTopic, kafkaInit } from './kafka-init.ts';

/**
 * The one-shot service of the local runtime that creates the topic. The orchestrator that starts it
 * has checked its settings.
 */
const { KAFKA_BOOTSTRAP_SERVERS = '', KAFKA_TOPIC = '', KAFKA_TOPIC_PARTITIONS = '' } = process.env;
const [host = '', port = ''] = KAFKA_BOOTSTRAP_SERVERS.split(':');

try {
  const outcome = await createTopic(
    { host, port: Number(port) },
    { name: KAFKA_TOPIC, partitions: Number(KAFKA_TOPIC_PARTITIONS) },
  );
  process.stdout.write(`[${kafkaInit.name}] ${outcome}\n`);
} catch (error) {
  process.stderr.write(
    `[${kafkaInit.name}] topic ${KAFKA_TOPIC} could not be created: ${messageOf(error)}\n`,
  );
  process.exitCode = 1;
}
