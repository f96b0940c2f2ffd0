/** The option of commands that can make a stack this checkout's. */
export const TAKE_OVER = {
  type: 'boolean',
  default: false,
  describe: "Make the stack this checkout's when its own checkout is not there any more",
} as const;

export interface TakeOverOption {
  readonly 'take-over': boolean;
}
