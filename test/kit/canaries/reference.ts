import type { Asked, Told } from './told.ts';

/** Routes on which each consumer has answers of its own. */
const perConsumer: ReadonlySet<string> = new Set(['per', 'any']);
/** Where the operator says how long answers are fresh. */
const withTtl: ReadonlySet<string> = new Set(['ttl']);
/** Where requests have no key, so that a key in one is no credential, and an `Authorization` is. */
const keyed: ReadonlySet<string> = new Set(['per', 'any', 'key', 'set']);

const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/**
 * Why this client must not see that answer, or undefined when its target has allowed it for all: written down once more from
 * RFC 9111, from nothing but what the target has sent and the two requests.
 * @param told the answer that a canary belongs to. @param asked the request of whoever sees it.
 */
export function forbids(told: Told, asked: Asked): string | undefined {
  if (told.asked.user === asked.user) return undefined;
  const owner = told.asked;
  if (owner.route !== asked.route || owner.resource !== asked.resource) return 'another resource';
  if (owner.method !== 'GET') return 'the answer to another method';
  if (perConsumer.has(asked.route) && (owner.keyed || asked.keyed)) return 'each consumer has its own';
  if ((owner.lines['cache-control'] ?? '').includes('no-store')) return 'the request forbids it';
  if (told.setCookie) return 'a cookie';
  return forbidsByDirectives(told, asked) ?? forbidsByVary(told, asked);
}

function forbidsByDirectives({ status, ...told }: Told, asked: Asked): string | undefined {
  const { control, isTargeted } = controlOf(told);
  if (control === undefined) return 'malformed';
  if (control.has('no-store') && !control.has('must-understand')) return 'no-store';
  if ((control.get('private') ?? []).some((value) => !names(value))) return 'private';
  const isExplicit =
    control.has('max-age') ||
    control.has('s-maxage') ||
    (told.expires && !isTargeted) ||
    control.has('no-cache');
  // A confirmation leaves alone what it says nothing of.
  if (!isExplicit && status !== 304 && !withTtl.has(asked.route)) return 'it does not say for how long';
  const isCredentialed =
    told.authorized || told.consumer !== undefined || hasCredentials(asked) || hasCredentials(told.asked);
  const allowed =
    control.has('public') ||
    control.has('must-revalidate') ||
    (control.get('s-maxage') ?? []).some((value) => /^\d+$/.test(value));
  return isCredentialed && !allowed ? 'credentials' : undefined;
}

/** What holds for a shared cache: sound directives for such alone, or those for all (RFC 9213 §2.2). */
function controlOf(told: Pick<Told, 'cacheControl' | 'cdnCacheControl'>): {
  readonly control: Map<string, string[]> | undefined;
  readonly isTargeted: boolean;
} {
  const text = told.cdnCacheControl.join();
  const isSound = /^[a-z-]+(?:=[\w-]+)?(?:, [a-z-]+(?:=[\w-]+)?)*$/.test(text);
  // What is none may have meant to forbid something.
  const targeted =
    isSound || /private|no-store/i.test(text)
      ? directives(told.cdnCacheControl)
      : new Map<string, string[]>();
  if (targeted === undefined) return { control: undefined, isTargeted: true };
  const isTargeted = targeted.size > 0;
  return { control: isTargeted ? targeted : directives(told.cacheControl), isTargeted };
}

/** Whether an answer says of one of its lines that it is for its first reader alone. */
export function isForOne(line: string, told: Pick<Told, 'cacheControl' | 'cdnCacheControl'>): boolean {
  const { control } = controlOf(told);
  const named = ['private', 'no-cache'].flatMap((name) => control?.get(name) ?? []);
  return named.some((value) => value.split(',').some((name) => name.trim().toLowerCase() === line));
}

function hasCredentials({ route, keyed: has, lines }: Asked): boolean {
  return lines['authorization'] !== undefined || (has && keyed.has(route));
}

function forbidsByVary({ vary, asked }: Told, { route, lines }: Asked): string | undefined {
  const members = vary.flatMap((line) => line.split(',')).map((name) => name.trim().toLowerCase());
  for (const name of members.filter((member) => member !== '')) {
    if (name === '*' || !token.test(name)) return `Vary: ${name}`;
    if (fromElsewhere.has(name) || (route === 'set' && name === 'x-set'))
      return `Vary: ${name}, which only the target sees`;
    if (plain(name, asked.lines[name]) !== plain(name, lines[name])) return `Vary: ${name}`;
  }
  return undefined;
}

/** What the gateway, a policy, or nobody but one client has to say. */
const fromElsewhere: ReadonlySet<string> = new Set([
  ...['x-forwarded-for', 'x-real-ip', 'x-who', 'authorization', 'cookie'],
]);

/** What means the same is the same. */
function plain(name: string, value: string | undefined): string | undefined {
  if (value === undefined || value.includes('"')) return value;
  const members = value.split(',').map((member) => member.trim());
  if (!name.startsWith('accept')) return members.join();
  return members
    .map((member) => member.toLowerCase())
    .toSorted()
    .join();
}

/** The directives by name, or undefined when something among them is none. */
function directives(lines: readonly string[]): Map<string, string[]> | undefined {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    for (const member of line.match(/(?:"(?:[^"\\]|\\.)*"|[^,"]|")+/g) ?? []) {
      const text = member.trim();
      if (text === '') continue;
      const parts = /^([!#$%&'*+\-.^_`|~0-9a-z]+)(?:=([!#$%&'*+\-.^_`|~0-9a-z]+|"(?:[^"\\]|\\.)*"))?$/i.exec(
        text,
      );
      if (parts?.[1] === undefined) return undefined;
      const name = parts[1].toLowerCase();
      const value = (parts[2] ?? '').replace(/^"(.*)"$/, '$1');
      found.set(name, [...(found.get(name) ?? []), value]);
    }
  }
  return found;
}

/** Whether a value names header fields, so that a directive is about those alone. */
function names(value: string): boolean {
  return value.split(',').every((name) => token.test(name.trim()));
}
