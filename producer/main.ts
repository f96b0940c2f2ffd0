import { readConfig } from './config.ts';
import { aborted } from './deliver/pace.ts';
import { EXIT, endProcess, explain, lineOutput, Report, stopAtSignals } from './report.ts';
import { runProducer } from './run-producer.ts';

/**
 * The producer as a service of the stack. When it has reached its limit it waits to be stopped,
 * because a service that ends is restarted and would send everything again.
 */
const stop = stopAtSignals();
try {
  const config = readConfig(process.env);
  const report = new Report({
    write: lineOutput(process.stdout, process.stderr),
    nowMs: () => performance.now(),
  });
  const isDelivered = await runProducer(config, report, stop);
  if (!stop.aborted && isDelivered) {
    report.idle();
    // Nothing else keeps the process alive now.
    const heartbeat = setInterval(() => undefined, 2 ** 30);
    await aborted(stop);
    clearInterval(heartbeat);
  }
  await endProcess(isDelivered ? EXIT.done : EXIT.failed);
} catch (error) {
  await endProcess(explain(error));
}
