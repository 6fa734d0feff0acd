import type { StoreErrorKind } from '../../core/redis.ts';

/**
 * What a failure says about the calls to come:
 * - `none`: it is this call's own affair;
 * - `writes`: the server changes nothing at the moment, but still answers;
 * - `all`: it is of no use to ask again before something has changed.
 */
export type Reach = 'none' | 'writes' | 'all';

/** A failure of a call or a connection, understood. */
export interface Fault {
  readonly kind: StoreErrorKind;
  /** The word that an error reply begins with, such as `OOM`; '' when there was no reply. */
  readonly code: string;
  readonly reach: Reach;
  /** For the log, without a full stop: what happened, and where it helps, what to do. */
  readonly words: string;
}

/** A fault on its way to whoever can do something about it; it never leaves the link. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.words);
    this.fault = fault;
  }
}

/** Error replies that say something about more than their call. */
const codes: Readonly<Record<string, readonly [Reach, string]>> = {
  OOM: ['writes', 'its memory is full (OOM): raise maxmemory, or let it evict keys with maxmemory-policy'],
  READONLY: ['writes', 'it is a replica and takes no writes (READONLY)'],
  MISCONF: ['writes', 'it cannot save to its disk and therefore takes no writes (MISCONF)'],
  NOREPLICAS: ['writes', 'it has too few replicas to take writes (NOREPLICAS)'],
  LOADING: ['all', 'it is still loading its data (LOADING)'],
  MASTERDOWN: ['all', 'it is a replica without its master (MASTERDOWN)'],
  BUSY: ['all', 'a script keeps it busy (BUSY)'],
  NOAUTH: ['all', 'it wants a password (NOAUTH): set redis.password'],
  WRONGPASS: [
    'all',
    'it refuses the user or the password (WRONGPASS): check redis.username and redis.password',
  ],
  DENIED: ['all', 'it takes no connections from other machines (DENIED): it is in protected mode'],
  CLUSTERDOWN: ['all', 'the cluster is down (CLUSTERDOWN)'],
  MOVED: ['all', 'it is a node of a cluster (MOVED): name the nodes under redis.cluster'],
  ASK: ['all', 'it is a node of a cluster (ASK): name the nodes under redis.cluster'],
  NOPERM: ['none', 'its access rules do not allow this (NOPERM): docs/redis.md lists what is needed'],
  WRONGTYPE: [
    'none',
    'something else is kept under this key (WRONGTYPE): give the gateway a keyPrefix of its own',
  ],
};

/** The word that an error reply begins with; that of the command inside for one that a script met on an older server. */
const codePattern = /^(?:ERR Error running script.*?: -?)?([A-Z]{2,20})\b/;

/** What an error reply means. */
export function refusal(message: string): Fault {
  const code = codePattern.exec(message)?.[1] ?? '';
  const known = codes[code];
  if (known !== undefined) return { kind: 'refused', code, reach: known[0], words: known[1] };
  if (/max number of clients/i.test(message))
    return {
      kind: 'refused',
      code,
      reach: 'all',
      words: 'it has as many clients as it takes: raise maxclients',
    };
  return {
    kind: 'refused',
    code,
    reach: 'none',
    words: `it answered ${JSON.stringify(message.slice(0, 200))}`,
  };
}

/** What the failure of a connection means: it broke, could not be made, or carried what no Redis sends. */
export function breakage(error: unknown): Fault {
  const { code, message } = detailsOf(error);
  const words = code === undefined ? undefined : reasons[code];
  if (words !== undefined) return unavailable(words);
  if (code?.startsWith('ERR_TLS') === true || /certificate|ssl|tls/i.test(`${code ?? ''} ${message}`))
    return unavailable(`it cannot be trusted or speaks no TLS: ${message}`);
  if (/unknown RESP type|unexpected|Cannot read properties|Invalid/i.test(message))
    return {
      kind: 'protocol',
      code: '',
      reach: 'all',
      words: `what it sends is not the protocol of Redis: ${message}`,
    };
  return unavailable(message);
}

/** There was no answer within so many milliseconds. */
export function lateness(timeout: number): Fault {
  return { kind: 'timeout', code: '', reach: 'all', words: `it did not answer within ${timeout} ms` };
}

/** There is no connection, for this reason. */
export function unavailable(words: string): Fault {
  return { kind: 'unavailable', code: '', reach: 'all', words };
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ECONNRESET: 'it broke the connection (ECONNRESET)',
  EPIPE: 'it broke the connection (EPIPE)',
  ENOTFOUND: 'its name cannot be resolved (ENOTFOUND)',
  EAI_AGAIN: 'its name cannot be resolved at the moment (EAI_AGAIN)',
  EHOSTUNREACH: 'there is no way to its machine (EHOSTUNREACH)',
  ENETUNREACH: 'there is no way to its network (ENETUNREACH)',
  ETIMEDOUT: 'its machine does not answer (ETIMEDOUT)',
};

function detailsOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  if (!(error instanceof Error)) return { code: undefined, message: String(error) };
  // Several addresses were tried for one name: the first says what the others do.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  const meant = first instanceof Error ? first : error;
  const code = 'code' in meant && typeof meant.code === 'string' ? meant.code : undefined;
  return { code, message: meant.message === '' ? meant.name : meant.message };
}
