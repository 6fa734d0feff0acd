import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { readRedisUrl, type RedisUrl } from '../redis-url.ts';
import { integer, isHost, isHostName, text } from './scalars.ts';

const example = 'write a URL such as redis://localhost:6379';

const url = z
  .string({ error: (issue) => withRemedy(`expected the URL of a Redis, found ${foundIn(issue.input)}`, example) })
  .meta({ title: 'a URL such as `redis://localhost:6379`', pattern: '^rediss?://[^/?#]+(/[0-9]*)?$' })
  .transform((value, context) => {
    const read = readRedisUrl(value);
    if (!('mistake' in read)) return read;
    context.issues.push({ code: 'custom', message: read.mistake, input: value });
    return z.NEVER;
  })
  .describe('Where the server listens: redis:// or, for TLS, rediss://, with user, password and database by choice.');

/** `host:port` of a node; the port may be left out. */
function nodes(port: number, what: string) {
  const node = text(
    (value) => readNode(value, port) !== undefined,
    `the address of a ${what}`,
    `write a host and a port such as 10.0.0.1:${port}`,
  ).transform((value) => readNode(value, port) ?? { host: value, port });
  return z
    .array(node)
    .min(1, { error: withRemedy('the list is empty', `write at least one address such as 10.0.0.1:${port}`) })
    .max(100)
    .describe(`The addresses of some, better all, as \`host:port\`; the port is ${port} when left out.`);
}

function readNode(value: string, port: number): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(value);
  const host = match?.[1] ?? match?.[2];
  const number = match?.[3] === undefined ? port : Number(match[3]);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return (match?.[1] === undefined ? isHost(host) : isIPv6(host)) ? { host, port: number } : undefined;
}

const userText = text((value) => value !== '', 'a name', 'write a name, or leave it out');
const passwordText = z
  .string({ error: withRemedy('expected a password as text', 'write it as ${REDIS_PASSWORD} or ${file:/run/secrets/redis}') })
  .min(1, { error: withRemedy('an empty password', 'write it as ${REDIS_PASSWORD}, or leave it out') });

const tls = z.strictObject({
  ca: text((value) => value.trim() !== '', 'the path of a file', 'write the path of a PEM file')
    .optional()
    .describe('The PEM file with the certificates of the authorities to trust; without it, those of Node.'),
  serverName: text(isHostName, 'a host name', 'write a name such as redis.internal')
    .optional()
    .describe('The name asked for (SNI) and verified; without it, the host of each server.'),
  verify: z
    .boolean()
    .prefault(true)
    .describe('Whether the certificate is verified; false is for trying things out only.'),
});

const object = z.strictObject({
  url: url.optional(),
  sentinel: z
    .strictObject({
      name: text((value) => /^[\w.-]{1,100}$/.test(value), 'the name of a master', 'write the name that the sentinels know it by, such as mymaster').describe(
        'What the sentinels call the group of a master and its replicas.',
      ),
      nodes: nodes(26_379, 'sentinel'),
      username: userText.optional().describe('Who asks the sentinels. Without it: nobody in particular.'),
      password: passwordText.optional().describe('The password for the sentinels. Without it: none.'),
    })
    .optional()
    .describe('The sentinels that know which server is the master; in place of `url`.'),
  cluster: z
    .strictObject({ nodes: nodes(6379, 'node') })
    .optional()
    .describe('Nodes of a cluster, from which the others are learned; in place of `url`.'),
  username: userText.optional().describe('Who the gateway is to the server. Without it: the one in `url`, else the default user.'),
  password: passwordText.optional().describe('The password. Without it: the one in `url`, else none.'),
  tls: tls
    .optional()
    .describe('How the servers are verified. With `sentinel` and `cluster`, `{}` turns TLS on; with `url`, rediss:// does.'),
  database: integer(0, 9999).optional().describe('The number of the database. Without it: the one in `url`, else 0.'),
  keyPrefix: text(
    (value) => /^[\x21-\x7a|~]{0,100}$/.test(value),
    'a prefix for keys',
    'write up to 100 letters, digits and signs without spaces, { and }, such as waygate:',
  )
    .prefault('waygate:')
    .describe('In front of every key and channel. Gateways that share their counters have the same.'),
  timeout: duration({ max: '10s' })
    .prefault('50ms')
    .describe('The longest time that a request waits for one answer; then it goes on without, as its policy says.'),
  connectTimeout: duration({ max: '30s' })
    .prefault('1s')
    .describe('The longest time to open a connection, TLS and password included; requests do not wait for it.'),
});

/** The Redis or Valkey that several gateways have in common, as one writes it: a URL, or the long form. */
export const redis = z
  .union([url.transform((value) => complete(object.parse({}), value)), object.transform(fromObject)], {
    error: (issue) =>
      withRemedy(
        `expected where Redis is, found ${foundIn(issue.input)}`,
        `${example}, or { sentinel: … } or { cluster: … }`,
      ),
  })
  .optional()
  .describe(
    'The Redis or Valkey that several gateways have in common: a URL, or { url: … }, { sentinel: … } or { cluster: … } with settings. Without it: everything lives in this process.',
  );

type RedisObject = z.output<typeof object>;

function fromObject(value: RedisObject, context: z.RefinementCtx) {
  const mistakes = mistakesIn(value);
  for (const { path, found, remedy } of mistakes)
    context.addIssue({ code: 'custom', path: [...path], message: withRemedy(found, remedy) });
  return complete(value, value.url);
}

/** What is wrong with keys that are right by themselves. */
function mistakesIn({ url: read, sentinel, cluster, ...rest }: RedisObject) {
  const mistakes: { readonly path: readonly string[]; readonly found: string; readonly remedy: string }[] = [];
  const places = [read && 'url', sentinel && 'sentinel', cluster && 'cluster'].filter((place) => typeof place === 'string');
  if (places.length === 0)
    mistakes.push({ path: [], found: 'nothing says where Redis is', remedy: 'write url, sentinel or cluster' });
  for (const place of places.slice(1))
    mistakes.push({ path: [place], found: `\`${place}\` stands beside \`${places[0]}\``, remedy: 'keep the one that says where Redis is' });
  for (const key of ['username', 'password', 'database'] as const) {
    if (read?.[key] !== undefined && rest[key] !== undefined)
      mistakes.push({ path: [key], found: `the URL has a ${key} as well`, remedy: 'keep one of the two' });
  }
  if (rest.username !== undefined && rest.password === undefined)
    mistakes.push({ path: ['username'], found: 'there is a username without a password', remedy: 'write password, too' });
  if (sentinel?.username !== undefined && sentinel.password === undefined)
    mistakes.push({ path: ['sentinel', 'username'], found: 'there is a username without a password', remedy: 'write password, too' });
  if (read !== undefined && !read.tls && rest.tls !== undefined)
    mistakes.push({ path: ['tls'], found: 'the URL asks for a connection without TLS', remedy: 'write rediss:// in the URL, or leave `tls` out' });
  if (cluster !== undefined && (rest.database ?? 0) !== 0)
    mistakes.push({ path: ['database'], found: 'a cluster has no database but 0', remedy: 'leave it out' });
  return mistakes;
}

function complete({ sentinel, cluster, tls: how, ...rest }: RedisObject, read: RedisUrl | undefined) {
  const { url: _, ...settings } = rest;
  const verification: RedisVerification | undefined =
    how === undefined
      ? read?.tls === true
        ? { ca: undefined, serverName: undefined, verify: true }
        : undefined
      : { ca: how.ca, serverName: how.serverName, verify: how.verify };
  const kind: 'single' | 'sentinel' | 'cluster' =
    sentinel !== undefined ? 'sentinel' : cluster !== undefined ? 'cluster' : 'single';
  const own = read === undefined ? [] : [{ host: read.host, port: read.port }];
  return {
    ...settings,
    kind,
    nodes: sentinel?.nodes ?? cluster?.nodes ?? own,
    sentinel:
      sentinel === undefined
        ? undefined
        : { name: sentinel.name, username: sentinel.username, password: sentinel.password },
    username: settings.username ?? read?.username,
    password: settings.password ?? read?.password,
    tls: verification,
    database: settings.database ?? read?.database ?? 0,
  };
}

/** How servers are verified. */
export interface RedisVerification {
  readonly ca: string | undefined;
  readonly serverName: string | undefined;
  readonly verify: boolean;
  /** What the file of authorities held when it was read: other authorities under the same name are another link. */
  readonly caDigest?: string;
}
