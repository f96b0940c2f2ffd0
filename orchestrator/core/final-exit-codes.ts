/**
 * Exit codes of a daemon that a restart cannot mend, the same in every runtime: 2 wrong usage or configuration (this product's
 * own programs), 78 EX_CONFIG of sysexits.h, 126 and 127 a command that cannot be run or found (POSIX shells).
 */
export const FINAL_EXIT_CODES: readonly number[] = [2, 78, 126, 127];
