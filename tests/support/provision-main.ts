import { SERVICES } from '../../orchestrator/services/services.ts';
import { loadSettings } from '../../orchestrator/settings/load-settings.ts';
import { stackConfig } from '../../orchestrator/settings/stack-config.ts';
import { provisioning } from '../../orchestrator/toolchain/toolchain.ts';

/**
 * One step of setup as a separate program, for tests that kill it: `provision-main.ts <project
 * folder> <step>`. It writes details to standard output, one a line.
 */
const [projectDir = '', stepName = ''] = process.argv.slice(2);
const settings = loadSettings({ flags: {}, environment: process.env, projectDir });
const { steps } = provisioning(stackConfig(settings, projectDir, process.env), SERVICES);
const step = steps.find(({ name }) => name === stepName);
if (!step) throw new Error(`no step ${stepName}`);
const say = (line: string) => void process.stdout.write(`${line}\n`);
say(await step.run({ signal: new AbortController().signal, onDetail: say }));
