import { setPriority } from 'node:os';
import { messageOf, ProductError } from '../../orchestrator/util/product-error.ts';
import { readConfig } from '../config.ts';
import { answer } from './answer.ts';
import type { Sent, SentQuestion } from './questions.ts';

/** The process of `Reader`: answers what it is asked over its channel, until that is closed. */

/** The stream comes first. */
setPriority(10);

const config = readConfig(process.env);
const send = (sent: Sent) => {
  if (process.connected) process.send?.(sent);
};

process.on('message', async (question: SentQuestion) => {
  try {
    send({ answer: await answer(config, question, (progress) => send({ progress })) });
  } catch (error) {
    const isExpected = error instanceof ProductError;
    const message = isExpected ? `${error.message} ${error.hint}` : messageOf(error);
    send({ error: { message, isUsers: isExpected && error.code === 'BAD_SQL' } });
  }
});
process.on('disconnect', () => process.exit(0));
