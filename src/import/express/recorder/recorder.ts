import { renameSync, writeFileSync } from 'node:fs';
import { Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { describeValue } from './describe-value.ts';
import { FunctionPlaces, placeIn } from './places.ts';
import { orderVariable, type RecordedListener, type RecorderOrder, type Recording } from './recording.ts';
import { seen, type Handler } from './state.ts';
import { outermost, walkApps } from './walk-apps.ts';
import { isApp } from './watch-express.ts';
import { watchModules } from './watch-modules.ts';

/**
 * Runs in the process of the program, in front of it (`node --import`): watches what it makes and mounts, keeps it from
 * listening, and writes down what was seen when it would have.
 */

/** What a program still does in the same turn as `listen`, and soon after, is taken in: milliseconds. */
const grace = 200;

start(JSON.parse(process.env[orderVariable] ?? '') as RecorderOrder);

function start({ to, within }: RecorderOrder): void {
  // The programs that this one may start are not to be recorded.
  Reflect.deleteProperty(process.env, orderVariable);
  // Between the program and an error there are many frames of Node's own.
  Error.stackTraceLimit = 50;
  const listeners: RecordedListener[] = [];
  const servers: Server[] = [];
  let failure: Recording['error'];
  let written = false;

  const write = (outcome: Recording['outcome']): void => {
    if (written) return;
    written = true;
    const recording = record(listeners.length > 0 && outcome !== 'late' ? 'listened' : outcome, servers);
    const error = failure === undefined || listeners.length > 0 ? {} : { error: failure };
    writeFileSync(`${to}.part`, JSON.stringify({ ...recording, ...error, listeners }));
    renameSync(`${to}.part`, to);
  };

  watchModules();
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    servers.push(this);
    listeners.push(listenerOf(this, args));
    if (listeners.length === 1) setTimeout(end, grace, 'listened');
    return this;
  };
  const end = (outcome: Recording['outcome']): void => {
    write(outcome);
    process.exit(0);
  };
  setTimeout(end, within, 'late').unref();
  process.on('uncaughtExceptionMonitor', (error: unknown) => (failure ??= describeError(error)));
  process.on('exit', () => write(failure === undefined ? 'ended' : 'failed'));
}

function record(outcome: Recording['outcome'], servers: readonly Server[]): Omit<Recording, 'listeners'> {
  const places = new FunctionPlaces();
  const handlers = servers.flatMap((server) => listenersOf(server, 'request'));
  for (const upgrade of servers.flatMap((server) => listenersOf(server, 'upgrade'))) {
    const call = seen.proxies.get(upgrade);
    if (call !== undefined) seen.upgrades.add(call);
  }
  const served = handlers.filter((handler) => isApp(handler) || seen.routers.has(handler));
  const { steps, truncated } = walkApps(served.length > 0 ? served : outermost(seen.apps), places);
  const direct = handlers.flatMap((handler) => seen.proxies.get(handler) ?? []);
  const recording = {
    outcome,
    ...(seen.expressVersion !== undefined && { express: { version: seen.expressVersion } }),
    calls: seen.calls.map(({ args, ...call }) => ({
      ...call,
      args: args.map((arg) => describeValue(arg, places)),
    })),
    steps: [...steps, ...direct.map((call) => ({ levels: [], handler: { type: 'proxy' as const, call } }))],
    truncated,
    apps: seen.apps.length,
    upgrades: [...seen.upgrades],
  };
  places.close();
  return recording;
}

function listenersOf(server: Server, event: string): Handler[] {
  return server.listeners(event) as Handler[];
}

function listenerOf(server: Server, args: readonly unknown[]): RecordedListener {
  const tls = server instanceof TlsServer;
  const [first, second] = args;
  if (typeof first === 'object' && first !== null) {
    const { port, host, path } = first as Readonly<Record<string, unknown>>;
    return { ...listenerOf(server, [path ?? port, host]), tls };
  }
  const port =
    typeof first === 'number' || (typeof first === 'string' && /^\d+$/.test(first))
      ? Number(first)
      : undefined;
  const path = port === undefined && typeof first === 'string' ? first : undefined;
  const host = typeof second === 'string' ? second : undefined;
  return {
    ...(port !== undefined && { port }),
    ...(path !== undefined && { path }),
    ...(host !== undefined && { host }),
    tls,
  };
}

function describeError(error: unknown): NonNullable<Recording['error']> {
  if (!(error instanceof Error)) {
    // What is in an object may be secret.
    const isObject = (typeof error === 'object' && error !== null) || typeof error === 'function';
    return { message: isObject ? 'an object that is no Error' : String(error) };
  }
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const place = placeIn(error.stack ?? '');
  return { message: error.message, ...code, ...(place !== undefined && { place }) };
}
