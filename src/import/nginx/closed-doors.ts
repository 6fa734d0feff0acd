import { closedDoor, type DraftPolicy } from '../draft.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import type { Scope } from './scope.ts';

/** Modules and programs that decide who may come in. */
const deciding = /^(?:auth_(?!basic|request|delay)|access_by_lua|js_access$|ssl_verify_client$)/;

/** What keeps requests out by means that no policy has: nobody passes in place of it. */
export function readDoors(scope: Scope, { report, used }: NginxContext): readonly DraftPolicy[] {
  const modules = scope.names(deciding).flatMap((name) => scope.one(name) ?? []);
  const doors = [
    ...modules.filter(({ args }) => !/^(?:off|optional|optional_no_ca)$/.test(args[0] ?? '')),
    ...scope.everywhere('limit_except'),
    ...scope.everywhere('if').filter(refuses),
  ];
  for (const door of doors) {
    used.addWhole(door);
    report.leaveOut(directiveText(door), ...aboutDoor(door), door.place);
  }
  const names = [...new Set(doors.map(({ name }) => name))].join(', ');
  return doors.length === 0 ? [] : [closedDoor(names)];
}

/** Whether a condition ends in a refusal. */
function refuses({ block = [] }: Directive): boolean {
  return block.some(
    ({ name, args }) => name === 'deny' || (name === 'return' && /^(?:401|403|444)$/.test(args[0] ?? '')),
  );
}

function aboutDoor({ name }: Directive): readonly [why: string, remedy: string] {
  switch (name) {
    case 'if':
      return [
        'a condition in the middle has no place in a route; nobody passes until it is translated',
        'write routes with method, headers or query, or the policies ip-filter, api-key or authorize',
      ];
    case 'limit_except':
      return [
        'who may use which method is said by routes; nobody passes until it is translated',
        'write a route with method for those that all may use, and one with ip-filter for the others',
      ];
    case 'ssl_verify_client':
      return [
        'the gateway does not serve TLS yet, and so sees no certificates of clients; nobody passes until it is translated',
        'end TLS in front of it, where certificates are verified, and take the policy out',
      ];
    default:
      return [
        'what it lets in is not plain to see; nobody passes until it is translated',
        'the policy that does the same: jwt, introspection, forward-auth, or one in TypeScript',
      ];
  }
}
