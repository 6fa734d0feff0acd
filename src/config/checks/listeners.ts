import { isIP } from 'node:net';
import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { isLoopback } from '../target.ts';

/** An address that this process listens on. */
export interface OwnAddress {
  /** Undefined for every address of this machine. */
  readonly host: string | undefined;
  readonly port: number;
  /** As a mistake names it. */
  readonly label: string;
  readonly path: readonly (string | number)[];
}

/** Every address that this process will listen on, the admin listener last. A port of 0 is not known yet. */
export function ownAddresses({ listen, admin }: DocumentView): OwnAddress[] {
  const addresses = (listen ?? []).map(({ host, port }, index): OwnAddress => {
    return { host: wildcard(host) ? undefined : host, port, label: 'a listener', path: ['listen', index] };
  });
  if (admin !== undefined) {
    const host = wildcard(admin.host) ? undefined : admin.host;
    addresses.push({ host, port: admin.port, label: 'the admin listener', path: ['admin'] });
  }
  return addresses.filter(({ port }) => port !== 0);
}

/** Listeners that would fight for one address, and an admin listener that is open to all. */
export function listenerMistakes(view: DocumentView): Finding[] {
  const findings: Finding[] = [];
  const own = ownAddresses(view);
  for (const [index, address] of own.entries()) {
    const other = own.slice(0, index).find((earlier) => overlap(earlier, address));
    if (other === undefined) continue;
    const found = `port ${address.port} is taken by ${other.label} above`;
    findings.push({ path: address.path, found, remedy: 'give each listener its own port or address' });
  }
  const { admin } = view;
  if (admin !== undefined && admin.token === undefined && !isLoopback(admin.host)) {
    findings.push({
      path: ['admin', 'host'],
      found: 'the admin listener is open to other machines and asks for no token',
      remedy: 'set admin.token, or listen on 127.0.0.1',
    });
  }
  return findings;
}

function overlap(one: OwnAddress, other: OwnAddress): boolean {
  if (one.port !== other.port) return false;
  return one.host === undefined || other.host === undefined || sameHost(one.host, other.host);
}

function sameHost(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function wildcard(host: string | undefined): boolean {
  return host === undefined || host === '0.0.0.0' || (isIP(host) === 6 && /^[0:]+$/.test(host));
}
