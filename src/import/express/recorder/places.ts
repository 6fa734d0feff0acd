import { Session } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import type { SourcePlace } from './recording.ts';

/** The folder of the recorder: its own frames are none of the program's. */
const own = fileURLToPath(new URL('.', import.meta.url));

/** The innermost place of the program itself in the current stack; undefined when there is none. */
export function callPlace(): SourcePlace | undefined {
  for (const { scriptName, lineNumber } of getCallSites(100)) {
    const file = asPath(scriptName);
    if (file === undefined || file.startsWith(own) || packageOf(file) !== undefined) continue;
    return { file, line: lineNumber };
  }
  return undefined;
}

/** A path or file URL with a line, and nothing of Node's own such as `node:internal/modules`. */
const frame = /(?<=^|[\s(])((?:file:\/\/)?\/[^\n()]*?):(\d+)(?::\d+)?\)?$/gm;

/** The frames stand at the end, behind a message that may be anything. */
const maxStack = 20_000;

/** The first line of the program itself in the text of a stack. */
export function placeIn(stack: string): SourcePlace | undefined {
  for (const [, script = '', line] of stack.slice(-maxStack).matchAll(frame)) {
    const file = asPath(script);
    if (file === undefined || file.startsWith(own) || packageOf(file) !== undefined) continue;
    return { file, line: Number(line) };
  }
  return undefined;
}

/** The package that a file belongs to, by the innermost `node_modules` in its path. */
export function packageOf(file: string): string | undefined {
  return /^.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/s.exec(file)?.[1]?.replace('\\', '/');
}

/** A path for what stack frames and scripts are called: a path, a file URL, or something of Node's own. */
function asPath(script: string): string | undefined {
  if (script.startsWith('file:')) return URL.canParse(script) ? fileURLToPath(script) : undefined;
  return script.startsWith('/') || /^[A-Za-z]:\\/.test(script) ? script : undefined;
}

/** Finds where functions are written, which the engine knows and only the inspector tells. */
export class FunctionPlaces {
  readonly #session = new Session();
  readonly #scripts = new Map<string, string>();
  /** Where the inspector finds the function that it is asked about. */
  readonly #key = `waygate-import-${process.pid}`;

  constructor() {
    this.#session.connect();
    this.#session.on('Debugger.scriptParsed', ({ params }) => this.#scripts.set(params.scriptId, params.url));
    // Tells of every script that is there already, too.
    this.#session.post('Debugger.enable');
  }

  /** Undefined for functions of Node's own and bound ones. */
  of(wanted: (...args: never[]) => unknown): SourcePlace | undefined {
    let place: SourcePlace | undefined;
    Reflect.set(globalThis, this.#key, wanted);
    this.#session.post(
      'Runtime.evaluate',
      { expression: `globalThis[${JSON.stringify(this.#key)}]` },
      (_error, evaluated) => {
        const { objectId } = evaluated?.result ?? {};
        if (objectId === undefined) return;
        this.#session.post('Runtime.getProperties', { objectId, ownProperties: true }, (error, found) => {
          if (error === null) place = this.#locationIn(found.internalProperties ?? []);
        });
        this.#session.post('Runtime.releaseObject', { objectId });
      },
    );
    Reflect.deleteProperty(globalThis, this.#key);
    return place;
  }

  close(): void {
    this.#session.disconnect();
  }

  #locationIn(
    properties: readonly {
      readonly name: string;
      readonly value?: { readonly value?: unknown } | undefined;
    }[],
  ): SourcePlace | undefined {
    const found = properties.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value;
    if (typeof found !== 'object' || found === null) return undefined;
    const script = 'scriptId' in found ? this.#scripts.get(String(found.scriptId)) : undefined;
    const file = script === undefined ? undefined : asPath(script);
    if (file === undefined || file.startsWith(own) || !('lineNumber' in found)) return undefined;
    return { file, line: Number(found.lineNumber) + 1 };
  }
}
