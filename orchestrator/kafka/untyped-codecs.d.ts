declare module 'snappyjs' {
  /** Decompresses one block of Snappy. Throws for invalid data. */
  export function uncompress(block: Uint8Array): Uint8Array;
  export function compress(plain: Uint8Array): Uint8Array;
}

declare module 'lz4js' {
  /** Decompresses LZ4 frames. */
  export function decompress(frame: Uint8Array): Uint8Array;
  export function compress(plain: Uint8Array): Uint8Array;
}
