import type { ServiceOutline } from '../../../services/service.ts';

/** What a supervisor is started with, as JSON in its arguments. */
export interface SupervisorTask {
  /** The services that it may be asked to run, in the order of their start. */
  readonly services: readonly ServiceOutline[];
  /** Absolute: folders whose content belongs to processes of an earlier supervisor. */
  readonly emptied: readonly string[];
}
