import { readTarget } from '../../config/target.ts';
import { splitRemedy } from '../../core/remedy.ts';
import type { Described } from './recorder/recording.ts';
import { leftOut, type PlanTarget, type Verdict } from './options-plan.ts';

/** A target that was read, with what is in it besides the address. */
export interface ReadTarget extends PlanTarget {
  /** `user:password`. */
  readonly credentials?: string;
  readonly query: string;
}

/** Reads what http-proxy-middleware takes for a target, or says why an upstream cannot be that. */
export function targetOf(value: Described): ReadTarget | { readonly verdict: Verdict } {
  const text = textOf(value);
  if (text === undefined) {
    return {
      verdict: leftOut(
        'this is no address that is known before a request comes',
        'write the URL of the service as an upstream',
      ),
    };
  }
  // `localhost:3000` and `//host` are taken for http by the proxies.
  const written = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text.replace(/^\/\//, '')}`;
  const address = written.replace(/^ws(s?):/i, 'http$1:');
  if (!URL.canParse(address)) {
    return { verdict: leftOut(`"${text}" is not a URL`, 'write one such as http://localhost:3001') };
  }
  const url = new URL(address);
  const read = readTarget(url.origin);
  if ('mistake' in read) {
    const { found, remedy = 'write the URL of the service as an upstream' } = splitRemedy(read.mistake);
    return { verdict: leftOut(found, remedy) };
  }
  const credentials =
    url.username === '' && url.password === ''
      ? {}
      : { credentials: `${decode(url.username)}:${decode(url.password)}` };
  return { url: read.url, path: url.pathname.replace(/\/+$/, ''), query: url.search, ...credentials };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textOf(value: Described): string | undefined {
  if (value.type === 'url') return value.href;
  if (value.type === 'plain' && typeof value.value === 'string' && value.value !== '') return value.value;
  if (value.type !== 'map' && value.type !== 'other') return undefined;
  // The parts of a URL, as `url.parse` gives them.
  const parts = new Map(value.entries);
  const part = (name: string): string | undefined => {
    const found = parts.get(name);
    return found?.type === 'plain' && found.value !== null ? String(found.value) : undefined;
  };
  if (part('href') !== undefined) return part('href');
  if (part('socketPath') !== undefined) return undefined;
  const host = part('hostname') ?? part('host');
  if (host === undefined) return undefined;
  const port = part('port');
  const scheme = (part('protocol') ?? 'http:').replace(/:?(?:\/\/)?$/, '');
  const address = port === undefined || /:\d+$/.test(host) ? host : `${host}:${port}`;
  return `${scheme}://${address}${part('pathname') ?? part('path') ?? ''}`;
}
