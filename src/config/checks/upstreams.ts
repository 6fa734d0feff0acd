import { hostname, networkInterfaces } from 'node:os';
import { isIP } from 'node:net';
import { normalizeIp } from '../../http/ip.ts';
import type { DocumentView, UpstreamDocument } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { isForbiddenAddress, isLoopback, type TargetAddress } from '../target.ts';
import { ownAddresses, type OwnAddress } from './listeners.ts';

/** Targets that must not or cannot be asked, and options that have no effect. */
export function upstreamMistakes(view: DocumentView): Finding[] {
  const own = ownAddresses(view);
  const machine = machineAddresses();
  const findings: Finding[] = [];
  for (const [name, upstream] of view.upstreams ?? []) {
    if (upstream === undefined) continue;
    const path = ['upstreams', name];
    const long = view.has([...path, 'targets']);
    const seen = new Set<string>();
    for (const [index, target] of upstream.targets.entries()) {
      const at = long ? [...path, 'targets', index] : path;
      findings.push(...targetMistakes(upstream, target, at, own, machine));
      if (seen.has(target.url)) {
        findings.push({
          path: at,
          found: `the target ${target.url} stands here twice`,
          remedy: 'keep one, and give it a weight: { url, weight: 2 }',
        });
      }
      seen.add(target.url);
    }
    findings.push(...withoutEffect(view, upstream, path));
  }
  return findings;
}

function targetMistakes(
  upstream: UpstreamDocument,
  target: TargetAddress,
  path: readonly (string | number)[],
  own: readonly OwnAddress[],
  machine: ReadonlySet<string>,
): Finding[] {
  const loop = own.find((address) => reaches(target, address, machine));
  if (loop !== undefined) {
    const remedy =
      loop.path[0] === 'admin'
        ? 'name the port of a service: the admin listener is not for the public'
        : 'name the port of a service: requests would go round in a loop';
    return [{ path, found: `the target ${target.url} is ${loop.label} of this gateway`, remedy }];
  }
  if (isForbiddenAddress(target.host) && !upstream.allowPrivate) {
    const found = `the target ${target.url} is a link-local, cloud metadata or unspecified address`;
    return [
      {
        path,
        found,
        remedy: 'name the address of a service, or set allowPrivate: true on the upstream if this is meant',
      },
    ];
  }
  return [];
}

/** Whether a request to the target would arrive at the listener. */
function reaches(target: TargetAddress, address: OwnAddress, machine: ReadonlySet<string>): boolean {
  if (target.port !== address.port) return false;
  const host = canonicalHost(target.host);
  if (address.host === undefined) return isLoopback(host) || isUnspecified(host) || machine.has(host);
  const own = canonicalHost(address.host);
  if (host === own) return true;
  // Both `localhost` and `0.0.0.0` lead to a listener on a loopback address; 127.0.0.2 does not lead to 127.0.0.1.
  const vague = isUnspecified(host) || isIP(host) === 0 || isIP(own) === 0;
  return vague && isLoopback(own) && (isLoopback(host) || isUnspecified(host));
}

/** One spelling for each address and name; IPv4 in IPv6 is IPv4. */
function canonicalHost(host: string): string {
  return normalizeIp(host) ?? host.toLowerCase().replace(/\.$/, '');
}

function isUnspecified(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

/** The names and addresses under which this machine knows itself. */
function machineAddresses(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).map(({ address }) => address),
  );
  return new Set([...addresses, hostname().toLowerCase()]);
}

function withoutEffect(
  view: DocumentView,
  upstream: UpstreamDocument,
  path: readonly (string | number)[],
): Finding[] {
  const findings: Finding[] = [];
  if (view.has([...path, 'tls']) && upstream.targets.every(({ protocol }) => protocol === 'http')) {
    findings.push({
      path: [...path, 'tls'],
      at: 'key',
      found: 'tls has no effect: no target is https',
      remedy: 'write https:// in front of the targets, or leave tls out',
    });
  }
  if (upstream.retries.attempts === 0 && view.has([...path, 'retries', 'budget'])) {
    findings.push({
      path: [...path, 'retries', 'budget'],
      at: 'key',
      found: 'budget has no effect: there are no retries',
      remedy: 'leave it out, or set attempts above 0',
    });
  }
  if (!upstream.tls.verify && view.has([...path, 'tls', 'ca'])) {
    findings.push({
      path: [...path, 'tls', 'ca'],
      at: 'key',
      found: 'ca has no effect: verify is false',
      remedy: 'leave verify out, so that certificates are checked',
    });
  }
  return findings;
}
