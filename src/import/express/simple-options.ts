import { durationText } from '../draft.ts';
import { approximated, leftOut, translated, type OptionsPlan, type Verdict } from './options-plan.ts';
import type { Described } from './recorder/recording.ts';

type Read = (value: Described, plan: OptionsPlan) => Verdict;

/** The drop-in does what the configuration has no key for. */
const dropIn = 'keep this call, with its import from waygate/http-proxy-middleware';

/** The longest duration that a configuration takes: 24 days. */
const maxDuration = 24 * 86_400_000;

/** What there is nothing for, unless it is off anyhow. */
function nothingFor(why: string, remedy: string): Read {
  return (value) => (isOff(value) ? translated('nothing: it is off') : leftOut(why, remedy));
}

const listener = (event: string): Read =>
  nothingFor('what a listener does is known to the program only', remedyForEvent(event));

const rewriting = nothingFor('redirects and cookies of services go to the client as they are', dropIn);

/** Options that say one thing each, with what they become. */
export const simpleOptions: ReadonlyMap<string, Read> = new Map<string, Read>([
  [
    'changeOrigin',
    (value, plan) => {
      plan.changeOrigin = !isOff(value);
      return translated(plan.changeOrigin ? 'what Waygate does by itself' : 'preserveHost: true');
    },
  ],
  [
    'xfwd',
    (value) =>
      isOff(value)
        ? approximated('nothing', 'services are told of the client anyhow, unless forwarded is none')
        : translated('what Waygate does by itself'),
  ],
  [
    'secure',
    (value, plan) => {
      plan.secure = !isOff(value);
      if (plan.secure) return translated('what Waygate does by itself');
      return translated(
        plan.target?.url.startsWith('https:') === true
          ? 'tls: { verify: false }'
          : 'nothing: the target is not https',
      );
    },
  ],
  [
    'timeout',
    (value, plan) =>
      readTimeout(
        value,
        (time) => (plan.clientTimeout = time),
        'timeouts.requestBodyIdle',
        'it is about the body of the request; idle connections have a time-out of their own',
      ),
  ],
  [
    'proxyTimeout',
    (value, plan) =>
      readTimeout(
        value,
        (time) => (plan.responseTimeout = time),
        'timeouts.responseHeaders and bodyIdle',
        'the answer is 504',
      ),
  ],
  [
    'ws',
    (value, plan) => {
      plan.websocket = !isOff(value);
      return translated(plan.websocket ? 'what Waygate does by itself' : 'websocket: false');
    },
  ],
  [
    'prependPath',
    (value, plan) => {
      plan.prependPath = !isOff(value);
      return translated(plan.prependPath ? 'rewrite, where the target has a path' : 'no rewrite');
    },
  ],
  [
    'ignorePath',
    (value, plan) => {
      plan.ignorePath = !isOff(value);
      return translated(plan.ignorePath ? 'rewrite' : 'nothing: it is off');
    },
  ],
  ['agent', readAgent],
  ['preserveHeaderKeyCase', () => translated('what Waygate does by itself')],
  ['followRedirects', nothingFor('redirects of services go to the client', dropIn)],
  ['cookieDomainRewrite', rewriting],
  ['cookiePathRewrite', rewriting],
  ['hostRewrite', rewriting],
  ['autoRewrite', rewriting],
  ['protocolRewrite', rewriting],
  [
    'selfHandleResponse',
    nothingFor(
      'the program answers by itself',
      `write a policy in TypeScript that changes the answer, or ${dropIn}`,
    ),
  ],
  [
    'ssl',
    nothingFor(
      'it has to do with certificates, which name files',
      'set tls of the upstream: ca, serverName; Waygate does not serve TLS yet',
    ),
  ],
  ['plugins', nothingFor('what a plugin does is known to the program only', 'write a policy in TypeScript')],
  [
    'ejectPlugins',
    nothingFor('there are no plugins', 'nothing is lost: log and errors are the gateway’s own'),
  ],
  ['logger', nothingFor('the gateway writes a log of its own', 'see log in docs/configuration.md')],
  ['logLevel', nothingFor('the gateway writes a log of its own', 'see log.level in docs/configuration.md')],
  ['logProvider', nothingFor('the gateway writes a log of its own', 'see log in docs/configuration.md')],
  [
    'forward',
    nothingFor('a request goes to one target only', 'let the service pass on what others are to see'),
  ],
  ['buffer', nothingFor('a body goes on as it comes', 'nothing is needed: the gateway reads it itself')],
  ['http2', nothingFor('targets are asked over HTTP/1.1', 'let the service take HTTP/1.1')],
  ['toProxy', nothingFor('targets are asked directly', 'name the address of the service itself')],
  [
    'localAddress',
    nothingFor(
      'the system chooses the address that connections come from',
      'set it in the routing of the machine',
    ),
  ],
  [
    'upgradeTimeout',
    nothingFor('there is no time-out of its own for upgrades', 'set timeouts.responseHeaders on the route'),
  ],
  ['onError', listener('error')],
  ['onProxyReq', listener('proxyReq')],
  ['onProxyRes', listener('proxyRes')],
  ['onProxyReqWs', listener('proxyReqWs')],
  ['onOpen', listener('open')],
  ['onClose', listener('close')],
]);

/** What to use in place of a listener. */
export function remedyForEvent(event: string): string {
  switch (event) {
    case 'proxyReq':
      return 'headers for the service: the policy headers; anything else: a policy in TypeScript (docs/policies.md)';
    case 'proxyRes':
      return 'headers of the answer: the policy headers; its body: a policy in TypeScript (docs/policies.md)';
    case 'error':
      return 'errors are answered as docs/errors.md says; other answers: a policy in TypeScript';
    default:
      return 'write a policy in TypeScript (docs/policies.md), or read the log and the metrics';
  }
}

function readTimeout(
  value: Described,
  set: (milliseconds: number) => void,
  key: string,
  differs: string,
): Verdict {
  const time = value.type === 'plain' && typeof value.value === 'number' ? value.value : undefined;
  if (time === undefined || time < 0 || time > maxDuration)
    return leftOut('it is no number of milliseconds up to 24 days', `write ${key} with a unit, such as 30s`);
  const whole = Math.round(time);
  set(whole);
  return approximated(`${key}: ${durationText(whole)}`, differs);
}

function readAgent(value: Described, plan: OptionsPlan): Verdict {
  const entries = value.type === 'other' || value.type === 'map' ? new Map(value.entries) : undefined;
  const sockets = entries?.get('maxSockets');
  if (
    sockets?.type === 'plain' &&
    typeof sockets.value === 'number' &&
    sockets.value >= 1 &&
    sockets.value <= 1_000_000
  )
    plan.maxSockets = Math.round(sockets.value);
  return approximated(
    plan.maxSockets === undefined ? 'nothing' : `limits.connections: ${plan.maxSockets}`,
    'connections to services are kept and reused by the gateway itself',
  );
}

function isOff(value: Described): boolean {
  if (value.type === 'plain')
    return value.value === false || value.value === null || value.value === '' || value.value === 0;
  return value.type === 'list' && value.items.length === 0;
}
