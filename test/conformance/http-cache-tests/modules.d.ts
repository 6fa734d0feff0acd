// The package has no types of its own. These say what we use of it.

declare module 'http-cache-tests/tests/index.mjs' {
  const suites: readonly {
    readonly name: string;
    readonly tests: readonly {
      readonly id: string;
      readonly name: string;
      readonly kind?: 'required' | 'optimal' | 'check';
      readonly depends_on?: readonly string[];
      readonly browser_only?: boolean;
    }[];
  }[];
  export default suites;
}

declare module 'http-cache-tests/client/runner.mjs' {
  /** Runs tests, `chunk` at a time. Whatever it has found out is kept in the module: once a process. */
  export function runTests(
    suites: readonly unknown[],
    fetch: (url: string, init?: object) => Promise<unknown>,
    browserCache: boolean,
    base: string,
    chunk: number,
  ): Promise<void>;
  /** By test: true, or the kind of its failure and what it says. */
  export function getResults(): Record<string, true | [kind: string, message: string]>;
}

declare module 'http-cache-tests/server/handle-config.mjs' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  const handle: (segments: string[], request: IncomingMessage, response: ServerResponse) => void;
  export default handle;
}

declare module 'http-cache-tests/server/handle-state.mjs' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  const handle: (segments: string[], request: IncomingMessage, response: ServerResponse) => void;
  export default handle;
}

declare module 'http-cache-tests/server/handle-test.mjs' {
  import type { IncomingMessage, ServerResponse } from 'node:http';
  const handle: (segments: string[], request: IncomingMessage, response: ServerResponse) => void;
  export default handle;
}
