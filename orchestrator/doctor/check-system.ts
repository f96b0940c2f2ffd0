import type { StackConfig } from '../config/stack-config.ts';
import { missingOfSystem, systemRemedy } from '../runtime/local/provision/system-support.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** What local processes need of the system itself. */
export async function checkSystem({ environment }: StackConfig): Promise<readonly DoctorCheck[]> {
  const name = 'system';
  const missing = missingOfSystem(environment);
  if (missing.length === 0) return [{ name, state: 'ok', detail: `${process.platform} ${process.arch}` }];
  const detail = `local processes need ${missing.join(' and ')}`;
  return [{ name, state: 'problem', detail, remedy: systemRemedy() }];
}
