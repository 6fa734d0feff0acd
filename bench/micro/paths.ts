/** What the canonical path, the request target and the host cost. */
import { parseHost } from '../../src/http/host.ts';
import { canonicalPath, hasEncodedSeparator } from '../../src/http/path.ts';
import { emptyRequestTarget, readRequestTarget } from '../../src/http/request-target.ts';
import { Meter } from './meter.ts';

const calls = 400_000;
const samples = {
  'an ordinary path': '/services/users-42/items/4711',
  'a path with an escape': '/services/users-42/items/caf%C3%A9%20x',
  'a path with dot segments': '/services/./users-42/../users-43//items',
};

export function paths(meter: Meter): void {
  for (const [what, path] of Object.entries(samples)) {
    meter.time(`canonicalPath of ${what}`, calls, () => canonicalPath(path)?.length ?? 0);
    meter.time(
      `naive: new URL of ${what}`,
      calls / 10,
      () => new URL(path, 'http://api.example.com').pathname.length,
    );
  }
  const plain = '/services/users/4711';
  const escaped = samples['a path with an escape'];
  meter.time('hasEncodedSeparator, no escape', calls, () => 1 + Number(hasEncodedSeparator(plain)));
  meter.time('hasEncodedSeparator, three escapes', calls, () => 1 + Number(hasEncodedSeparator(escaped)));
  const target = emptyRequestTarget();
  meter.time('readRequestTarget, no query', calls, () => Number(readRequestTarget(plain, target)));
  const query = '/services/users?page=2&size=50';
  meter.time('readRequestTarget, a query', calls, () => Number(readRequestTarget(query, target)));
  meter.time('parseHost', calls, () => parseHost('api.example.com:8080')?.port ?? 0);
}

if (import.meta.main) paths(new Meter());
