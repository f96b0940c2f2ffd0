import { type ChildProcess, fork } from 'node:child_process';
import { extname, join } from 'node:path';
import type { QuestionName, Questions, Sent, SentQuestion } from './questions.ts';

/**
 * Why a question has no answer: another one is being read (`busy`), the question itself is wrong
 * (`refused`), or reading failed (`failed`).
 */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  readonly reason: 'busy' | 'refused' | 'failed';

  constructor(reason: NoAnswer['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

interface ReaderOptions {
  /** How long a question may take. */
  readonly timeoutMs: number;
  /** Questions that may wait for others. */
  readonly mostWaiting: number;
  /** How long the process stays without a question. */
  readonly idleMs: number;
  /** The program; tests give another one. */
  readonly program?: string;
}

interface OpenQuestion {
  readonly question: SentQuestion;
  readonly onProgress: (progress: string) => void;
  readonly resolve: (answer: Questions[QuestionName]['answer']) => void;
  readonly reject: (error: NoAnswer) => void;
}

/** Compiled in the image, TypeScript in a checkout. */
const PROGRAM = join(import.meta.dirname, `reader-main${extname(import.meta.filename)}`);

/**
 * Reads the contents of the outputs in a process of its own, which has the database: the dashboard
 * itself stays small. The process has a low priority, answers one question at a time, and ends when
 * nobody asks. What takes too long is killed.
 */
export class Reader {
  readonly #options: ReaderOptions;
  #child: ChildProcess | undefined;
  #open: OpenQuestion | undefined;
  readonly #waiting: OpenQuestion[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /**
   * Asks a question. Questions are answered in their order.
   * @param onProgress receives a phrase about how far it is
   * @throws NoAnswer
   */
  ask<Name extends QuestionName>(
    name: Name,
    ask: Questions[Name]['ask'],
    onProgress: (progress: string) => void = () => {},
  ): Promise<Questions[Name]['answer']> {
    if (this.#waiting.length >= this.#options.mostWaiting) {
      return Promise.reject(new NoAnswer('busy', 'others are being read; try again in a moment'));
    }
    return new Promise((resolve, reject) => {
      const question = { name, ...ask } as unknown as SentQuestion;
      this.#waiting.push({ question, onProgress, resolve, reject });
      this.#next();
    });
  }

  /** Ends the process. What is open fails. */
  close(): void {
    for (const waiting of this.#waiting.splice(0)) waiting.reject(stopped());
    this.#kill(stopped());
  }

  #next(): void {
    if (this.#open) return;
    this.#open = this.#waiting.shift();
    clearTimeout(this.#timer);
    if (!this.#open) {
      // It ends by itself when the channel is closed.
      this.#timer = setTimeout(() => this.#child?.disconnect(), this.#options.idleMs).unref();
      return;
    }
    const { timeoutMs } = this.#options;
    this.#timer = setTimeout(
      () => this.#kill(new NoAnswer('failed', `it took longer than ${timeoutMs / 1000} s and was ended`)),
      timeoutMs,
    );
    this.#child ??= this.#start();
    this.#child.send(this.#open.question, (error) => {
      if (error) this.#kill(new NoAnswer('failed', error.message));
    });
  }

  #start(): ChildProcess {
    const child = fork(this.#options.program ?? PROGRAM, [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const isCurrent = () => this.#child === child;
    child.on('message', (sent) => isCurrent() && this.#take(sent as Sent));
    child.on('error', (error) => isCurrent() && this.#kill(new NoAnswer('failed', error.message)));
    for (const end of ['disconnect', 'exit'] as const) {
      child.on(end, () => isCurrent() && this.#kill(new NoAnswer('failed', 'its process has ended')));
    }
    return child;
  }

  #take(sent: Sent): void {
    const open = this.#open;
    if (!open) return;
    if ('progress' in sent) {
      open.onProgress(sent.progress);
      return;
    }
    this.#open = undefined;
    if ('answer' in sent) open.resolve(sent.answer);
    else open.reject(new NoAnswer(sent.error.isUsers ? 'refused' : 'failed', sent.error.message));
    this.#next();
  }

  #kill(error: NoAnswer): void {
    const [child, open] = [this.#child, this.#open];
    this.#child = undefined;
    this.#open = undefined;
    child?.kill('SIGKILL');
    open?.reject(error);
    this.#next();
  }
}

const stopped = (): NoAnswer => new NoAnswer('failed', 'the dashboard stops');
