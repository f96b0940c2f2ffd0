declare module 'snappyjs' {
  /** One block of Snappy; throws for what is none. */
  export function uncompress(block: Uint8Array): Uint8Array;
  export function compress(plain: Uint8Array): Uint8Array;
}

declare module 'lz4js' {
  /** LZ4 frames. */
  export function decompress(frame: Uint8Array): Uint8Array;
  export function compress(plain: Uint8Array): Uint8Array;
}
