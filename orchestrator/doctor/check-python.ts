import type { StackConfig } from '../config/stack-config.ts';
import { ProductError } from '../core/product-error.ts';
import { findPython } from '../runtime/local/provision/find-python.ts';
import { installedPySpark } from '../runtime/local/provision/pyspark.ts';
import { toolEnvironment } from '../runtime/local/provision/tool-environment.ts';
import type { DoctorCheck } from './doctor-report.ts';

/** A Python to install PySpark with, unless that is done already. */
export async function checkPython(config: StackConfig, signal: AbortSignal): Promise<readonly DoctorCheck[]> {
  const environment = toolEnvironment(config.environment);
  const name = 'Python';
  try {
    const { version, executable } = await findPython(environment, signal);
    return [{ name, state: 'ok', detail: `${version} with venv and pip (${executable})` }];
  } catch (error) {
    if (!(error instanceof ProductError)) throw error;
    const installed = installedPySpark(config, environment);
    const detail = installed ? `${error.message} PySpark is installed already.` : error.message;
    return [{ name, state: installed ? 'note' : 'problem', detail, remedy: error.hint }];
  }
}
