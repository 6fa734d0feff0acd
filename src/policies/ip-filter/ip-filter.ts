import { z } from 'zod';
import { messageOf } from '../../core/message-of.ts';
import { definePolicy, PolicyOptionError } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { withRemedy } from '../../core/remedy.ts';
import { IpSet, normalizeIp } from '../../http/ip.ts';

const network = z.string().superRefine((text, context) => {
  try {
    compileNetwork(text);
  } catch (error) {
    const [found = '', remedy] = messageOf(error).split(': write ');
    const message = withRemedy(
      found,
      `write ${remedy ?? 'an address (192.0.2.1, 2001:db8::1) or a block (10.0.0.0/8)'}`,
    );
    context.addIssue({ code: 'custom', message });
  }
});

const options = z.strictObject({
  allow: z
    .array(network)
    .max(10_000)
    .default([])
    .describe(
      'Addresses and CIDR blocks that may pass; everybody else is refused. Without it: everybody but those in `deny`.',
    ),
  deny: z
    .array(network)
    .max(10_000)
    .default([])
    .describe(
      'Addresses and CIDR blocks that are refused, also when `allow` holds them. Without it: nobody is.',
    ),
});

/** Lets requests pass by the address they come from; refuses the others with 403 (`ip_not_allowed`). */
export const ipFilter = definePolicy({
  name: 'ip-filter',
  description: 'Lets requests pass or refuses them by the address of the client.',
  options,
  create({ allow, deny }, { metrics }) {
    if (allow.length === 0 && deny.length === 0) {
      throw new PolicyOptionError(
        [],
        'ip-filter lets everybody pass',
        'list addresses under `allow` or `deny`',
      );
    }
    const allowed = allow.length === 0 ? undefined : new IpSet(allow);
    const denied = new IpSet(deny);
    const refused = metrics.counter('refused', 'Requests refused because of the address they came from.');
    return {
      onRequest(exchange) {
        const { ip } = exchange.client;
        // What is no address is in no set, and a list of denied ones would let it pass.
        if (!denied.has(ip) && (allowed === undefined ? normalizeIp(ip) !== undefined : allowed.has(ip)))
          return undefined;
        refused.add();
        return problemReply(
          { status: 403, detail: 'Requests from this address are not allowed.', code: 'ip_not_allowed' },
          exchange,
        );
      },
    };
  },
});

function compileNetwork(text: string): IpSet {
  return new IpSet([text]);
}
