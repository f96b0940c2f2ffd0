/** A host and a port as seen from the machine that the orchestrator runs on. */
export interface Address {
  readonly host: string;
  readonly port: number;
}
