import { describe, expect, it } from 'vitest';
import { brokerErrorType, classifyError, describe as describeError } from './delivery.ts';

const coded = (type: string, message = 'the broker is unhappy'): Error =>
  Object.assign(new Error(message), { type });
const wrapped = (cause: unknown): Error => new Error('retries are used up', { cause });

describe('classifyError', () => {
  it('finds the broker’s code under the wrappers of the client', () => {
    expect(brokerErrorType(wrapped(wrapped(coded('MESSAGE_TOO_LARGE'))))).toBe('MESSAGE_TOO_LARGE');
    expect(classifyError(wrapped(wrapped(coded('MESSAGE_TOO_LARGE'))))).toBe('refused');
  });

  it.each([
    new Error('Closed connection'),
    new TypeError('a defect of the client'),
    wrapped(new Error('connect ECONNREFUSED')),
    coded('NOT_LEADER_FOR_PARTITION'),
    coded('UNKNOWN_TOPIC_OR_PARTITION'),
    coded('REQUEST_TIMED_OUT'),
    coded('UNKNOWN'),
    'not even an error',
  ])('has a batch of unknown outcome sent again: %s', (error) => {
    expect(classifyError(error)).toBe('retry');
  });

  it('ends with an error that causes itself', () => {
    const error = new Error('circle');
    error.cause = error;
    expect(classifyError(error)).toBe('retry');
    expect(describeError(error)).toBe('circle');
  });
});

describe('describe', () => {
  it('gives the innermost message, and the code where the message lacks it', () => {
    expect(describeError(wrapped(new Error('connect ECONNREFUSED 127.0.0.1:9094')))).toBe(
      'connect ECONNREFUSED 127.0.0.1:9094',
    );
    expect(describeError(wrapped(coded('MESSAGE_TOO_LARGE', 'too large')))).toBe(
      'too large (MESSAGE_TOO_LARGE)',
    );
    expect(describeError('odd')).toBe('odd');
  });
});
