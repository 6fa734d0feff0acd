import { basename, relative } from 'node:path';
import { closedDoor, dropUnusedUpstreams, newDraft, type Draft, type DraftRoute } from '../draft.ts';
import type { Imported } from '../finish-import.ts';
import { literalHead } from '../regular-expression.ts';
import { ReportWriter } from '../report.ts';
import { settleOrder } from '../settle-order.ts';
import { mountsOf, pathText } from './mount-shape.ts';
import { errorText, remedyForError } from './program-error.ts';
import type { RecordedStep, Recording } from './recorder/recording.ts';
import { reportCall, readCall, routesOf, mountText, type ReadCall } from './translate-call.ts';
import { isGuarded, translateMiddleware, type Guard } from './translate-middleware.ts';

/**
 * Makes a configuration of what a program made and mounted.
 * @param program its name, for the first comment.
 * @param folder what files are named relative to in comments.
 */
export function importExpress(recording: Recording, program: string, folder: string): Imported {
  const draft = newDraft([
    `Imported from ${basename(program)}, an Express app, by "waygate import express".`,
    'What was approximated or left out is in the report that the command prints.',
  ]);
  const report = new ReportWriter();
  const major = Number.parseInt(recording.express?.version ?? '5', 10);
  readListeners(recording, draft, report);
  const calls = recording.calls.map((call) => readCall(call, draft, report));
  const mounted = new Set<number>();
  const routes: DraftRoute[] = [];
  const guards: Guard[] = [];
  for (const step of recording.steps) {
    const { handler } = step;
    if (handler.type === 'middleware') {
      const guard = translateMiddleware(step, major, report);
      if (guard !== undefined) guards.push(guard);
      continue;
    }
    const call = calls[handler.call];
    if (call === undefined) continue;
    mounted.add(handler.call);
    routes.push(...routesOfStep(step, call, major, draft, report).map((route) => guarded(route, guards)));
  }
  for (const [index, call] of calls.entries()) {
    if (mounted.has(index)) reportCall(call, report);
    else reportUnmounted(call, report);
  }
  draft.routes = settleOrder(routes, report).map((route) => ({ ...route, ...commentOf(route, folder) }));
  dropUnusedUpstreams(draft);
  reportProgram(recording, report);
  return { draft, report };
}

function routesOfStep(
  step: RecordedStep,
  call: ReadCall,
  major: number,
  draft: Draft,
  report: ReportWriter,
): DraftRoute[] {
  const place = step.place ?? call.call.place;
  return mountsOf(step.levels, major).flatMap((mount) => {
    if ('unknown' in mount) {
      report.leaveOut(
        `the proxy at ${step.levels.map((level) => level.paths.map(pathText).join(', ')).join(' ')}`,
        `what the path ${mount.unknown} matches cannot be said by a route`,
        'write a route with path: { regex: … }',
        place,
      );
      return [];
    }
    const routes = routesOf(call, mount, draft, report, place);
    if (routes.length > 0)
      report.translate(
        `mounted at ${mountText(mount)}`,
        routes.length === 1 ? 'a route' : `${routes.length} routes`,
        place,
      );
    return routes;
  });
}

/** Nobody passes where a middleware stood that kept requests out, until something does what it did. */
function guarded(route: DraftRoute, guards: readonly Guard[]): DraftRoute {
  const head = route.path.type === 'regex' ? literalHead(route.path.value) : route.path.value;
  const path = head === '/' ? '' : head.replace(/\/+$/, '');
  const inFront = guards.filter((guard) => isGuarded(guard, path, route.methods));
  if (inFront.length === 0) return route;
  const names = [...new Set(inFront.map(({ what }) => what))].join(', ');
  return { ...route, policies: [closedDoor(names), ...route.policies] };
}

function commentOf({ place, what, comment }: DraftRoute, folder: string): { readonly comment?: string } {
  if (comment !== undefined || place === undefined) return comment === undefined ? {} : { comment };
  return { comment: `${what.replace(/^the proxy at /, '')} in ${placeText(place, folder)}` };
}

function placeText(
  { file, line }: { readonly file: string; readonly line?: number },
  folder: string,
): string {
  const path = relative(folder, file);
  return `${path.startsWith('..') ? basename(file) : path}${line === undefined ? '' : `:${line}`}`;
}

function readListeners({ listeners, outcome }: Recording, draft: Draft, report: ReportWriter): void {
  for (const { port, host, path, tls } of listeners) {
    if (path !== undefined) {
      report.leaveOut(
        `listen on ${path}`,
        'the gateway listens on no Unix socket',
        'listen on a port of 127.0.0.1',
      );
      continue;
    }
    if (tls)
      report.leaveOut(
        `TLS on port ${port ?? 0}`,
        'the gateway does not serve TLS yet',
        'end TLS in front of it, and name what does that under trustedProxies',
      );
    const number = port === undefined || port === 0 ? 3000 : port;
    const value = host === undefined ? number : `${host.includes(':') ? `[${host}]` : host}:${number}`;
    if (draft.listen.some((each) => each.value === value)) continue;
    const comment = port === undefined || port === 0 ? { comment: 'the program took any free port' } : {};
    draft.listen.push({ value, ...comment });
    report.translate(`listen on ${value}`, `listen: ${value}`);
  }
  if (draft.listen.length === 0) {
    const comment = outcome === 'listened' ? {} : { comment: 'the program did not come to its listen' };
    draft.listen.push({ value: 3000, ...comment });
  }
}

function reportUnmounted({ call }: ReadCall, report: ReportWriter): void {
  report.leaveOut(
    `a proxy by ${call.name}`,
    'it is made, but mounted nowhere that could be seen: perhaps the program calls it in a function of its own',
    'mount it with app.use and import again, or write a route for it',
    call.place,
  );
}

function reportProgram(recording: Recording, report: ReportWriter): void {
  const { outcome, error, truncated } = recording;
  if (outcome === 'late')
    report.leaveOut(
      'what the program does later',
      'it had not come to its listen when the time was over',
      'see what it waits for, or give it longer: --wait 60s',
    );
  if (error !== undefined)
    report.leaveOut(
      'what the program does after an error',
      `it threw: ${errorText(error)}`,
      remedyForError(error),
      error.place,
    );
  if (truncated)
    report.leaveOut(
      'some handlers',
      'there are more than 5000 of them',
      'look at how the routers are nested',
    );
  if (recording.calls.length === 0) return;
  report.approximate(
    'how Express compares paths',
    'how Waygate does',
    'Express takes no notice of case, and of a slash at the end of app.get and the like; a route is for its path as it is written; where a target has a path, a mount path alone may get a slash more or less at its end',
  );
  report.approximate(
    'requests as services see them',
    'requests by Waygate',
    'they have Via, and X-Forwarded-For, -Host and -Proto (see forwarded); paths are canonical',
  );
  report.approximate(
    'limits',
    'those of Waygate',
    'a body has up to 10mb and an exchange up to 60s, unless limits and timeouts say otherwise',
  );
}
