/** What Node 24 has and its published types leave out. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, (...numbers: number[]) => number>>);
    readonly exports: unknown;
  }
}

interface Buffer {
  /** `toString('latin1', start, end)` without the look-up of the encoding. */
  latin1Slice(start?: number, end?: number): string;
}
