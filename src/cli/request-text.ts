import { exitCodes, Failure } from './failure.ts';

/** A request as somebody describes it on a command line. */
export interface DescribedRequest {
  readonly method: string;
  /** A path with its query, or a whole URL. */
  readonly target: string;
  /** Header lines, `Name: value`. */
  readonly headers: readonly string[];
  /** The port that a client would name with the host when it says nothing else. */
  readonly port: number;
}

/**
 * The head that a client would send for it, latin1. Nothing is mended: what a gateway refuses must get there as it is.
 * A whole URL gives path and host; without a host, it is `localhost`.
 * @throws Failure when it cannot be a request at all.
 */
export function requestText({ method, target, headers, port }: DescribedRequest): string {
  for (const part of [method, target, ...headers]) {
    if (/[\r\n\0]/.test(part))
      throw new Failure('A request cannot hold line breaks.', undefined, exitCodes.usage);
  }
  const url = /^https?:\/\/([^/?#]*)(.*)$/i.exec(target);
  const path = url === null ? target : withSlash(url[2] ?? '');
  if (path !== '*' && !path.startsWith('/')) {
    throw new Failure(
      `${JSON.stringify(target)} is neither a path nor a URL.`,
      `Write it with a slash: /${target}`,
      exitCodes.usage,
    );
  }
  const hasHost = headers.some((line) => /^host:/i.test(line));
  const host = url?.[1] ?? `localhost:${port}`;
  const lines = [`${method} ${path} HTTP/1.1`, ...(hasHost ? [] : [`Host: ${host}`]), ...headers.map(normal)];
  // What a terminal sends is UTF-8, and goes onto the wire octet by octet.
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'utf8').toString('latin1');
}

function withSlash(path: string): string {
  return path.startsWith('/') ? path : `/${path}`;
}

/** `Name:value` as every client writes it. */
function normal(line: string): string {
  const colon = line.indexOf(':');
  return `${line.slice(0, colon)}: ${line.slice(colon + 1).trim()}`;
}
