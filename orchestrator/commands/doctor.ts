import { renderDoctorReport } from '../doctor/render-doctor-report.ts';
import { runDoctor } from '../doctor/run-doctor.ts';
import type { Command } from './command.ts';

/** What a problem on the machine ends with: something is missing. */
const MISSING_ON_MACHINE = 3;

/** `doctor`: is this machine ready for `up`? */
export const doctor: Command<unknown> = {
  usage: 'doctor',
  summary: 'Check the machine and name the command that mends each problem',
  examples: [['npm run doctor', 'Node, Python, Java, Docker, ports, disk, memory, folders']],
  options: (yargs) => yargs,
  async run({ config, reporter, signal }) {
    const report = await runDoctor(config, signal, (text) => reporter.emit({ type: 'note', text }));
    return {
      exitCode: report.problems === 0 ? 0 : MISSING_ON_MACHINE,
      json: { ...report },
      text: renderDoctorReport(report),
    };
  },
};
