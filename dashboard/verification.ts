import { shortText } from './model/notice.ts';
import type { Verified, VerifyState } from './model/snapshot.ts';
import { NoAnswer, type Reader } from './reader/reader.ts';

/** Runs verifications that the page asks for, one at a time, and knows the last one of anybody. */
export class Verification {
  readonly #reader: Pick<Reader, 'ask' | 'close'>;
  #runningSince: string | null = null;
  #progress: string | null = null;
  #last: Verified | null = null;
  /** Receives each verification that has ended. */
  onEnd: (verified: Verified) => void = () => {};

  constructor(reader: Pick<Reader, 'ask' | 'close'>) {
    this.#reader = reader;
  }

  get state(): VerifyState {
    return { runningSince: this.#runningSince, progress: this.#progress, last: this.#last };
  }

  /** Takes the last verification from before a restart of the dashboard. */
  restore(last: Verified | null): void {
    this.#last = last;
  }

  /** Takes a verification that a command has made. */
  take(verified: Verified): void {
    this.#last = verified;
    this.onEnd(verified);
  }

  /** Starts one. @returns false while one runs */
  start(deep: boolean): boolean {
    if (this.#runningSince !== null) return false;
    this.#runningSince = new Date().toISOString();
    this.#run(deep).then((verified) => {
      this.#runningSince = null;
      this.#progress = null;
      this.take(verified);
    });
    return true;
  }

  close(): void {
    this.#reader.close();
  }

  async #run(deep: boolean): Promise<Verified> {
    const ended = () => ({ at: new Date().toISOString(), by: 'page' as const });
    try {
      const outcome = await this.#reader.ask('verify', { deep }, (progress) => {
        this.#progress = progress;
      });
      return { ...ended(), outcome, error: null };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      return { ...ended(), outcome: null, error: shortText(error.message) };
    }
  }
}
