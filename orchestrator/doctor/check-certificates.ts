import type { StackConfig } from '../config/stack-config.ts';
import { ProductError } from '../core/product-error.ts';
import { CERTIFICATE_VARIABLES, readBundle } from '../runtime/local/provision/certificate-authorities.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** The files in which the machine names its own certificate authorities. */
export async function checkCertificates({ environment }: StackConfig): Promise<readonly DoctorCheck[]> {
  const checks: DoctorCheck[] = [];
  for (const name of CERTIFICATE_VARIABLES) {
    const path = environment[name];
    if (path) checks.push(checkBundle(name, path));
  }
  if (checks.length > 0) return checks;
  const detail = `none of ${CERTIFICATE_VARIABLES.join(', ')} is set: the public authorities are trusted`;
  return [{ name: 'certificates', state: 'ok', detail }];
}

function checkBundle(name: string, path: string): DoctorCheck {
  try {
    const count = readBundle(name, path).match(/BEGIN CERTIFICATE/g)?.length ?? 0;
    return { name, state: 'ok', detail: `${path}, ${count} ${count === 1 ? 'certificate' : 'certificates'}` };
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    return { name, state: 'problem', detail: error.message, remedy: error.hint };
  }
}
