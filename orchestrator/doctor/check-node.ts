import type { DoctorCheck } from './doctor-report.ts';

/** As package.json's `engines` and bootstrap.mjs have it. */
const OLDEST = [20, 19] as const;

/** The Node.js that runs this command. */
export async function checkNode(): Promise<readonly DoctorCheck[]> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isNew = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  const name = 'Node.js';
  if (isNew) return [{ name, state: 'ok', detail: `${process.versions.node} (${process.execPath})` }];
  return [
    {
      name,
      state: 'problem',
      detail: `${process.versions.node} is older than ${OLDEST.join('.')}`,
      remedy: `Install Node.js ${OLDEST.join('.')} or newer (with nvm: \`nvm install 22\`).`,
    },
  ];
}
