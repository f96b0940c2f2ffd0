/**
 * What a user types to run a command of the product. Messages, examples and help name commands by
 * these functions alone.
 */

/** What stands before the name of a command. */
export const USER_COMMAND = 'npm run';

/** A command, such as `reset`, with its options as one text. */
export function userCommand(command: string, options = ''): string {
  return options === '' ? `${USER_COMMAND} ${command}` : `${USER_COMMAND} ${command} -- ${options}`;
}

/** A command whose output another program reads: without the lines that npm prints by itself. */
export function pipedCommand(command: string, options: string): string {
  return `${USER_COMMAND} --silent ${command} -- ${options}`;
}
