import { isatty } from 'node:tty';
import { formatMistakes } from '../../config/format-mistakes.ts';
import { ConfigError } from '../../gateway/config-error.ts';
import { createGateway } from '../../gateway/gateway.ts';
import type { Gateway } from '../../gateway/gateway-options.ts';
import { version } from '../../gateway/version.ts';
import { createLogger, type LogLevel, type OperationalLog } from '../../observe/operational-log.ts';
import { configFile } from '../config-file.ts';
import { exitCodes, Failure } from '../failure.ts';
import { routeTable } from '../route-table.ts';
import type { Terminal } from '../terminal.ts';

/**
 * Runs the gateway until a signal ends it.
 * @returns the exit code.
 * @throws Failure when it cannot start.
 */
export async function start(terminal: Terminal, given: string | undefined): Promise<number> {
  const file = configFile(given, process.cwd());
  // Until a configuration serves, whatever a user should know; then as much as the one says that serves at the time.
  let level = (): LogLevel => 'info';
  const logger = createLogger({
    level: () => level(),
    pretty: process.stderr.isTTY,
    color: terminal.color.err,
  });
  // Without a listener they would end the process: SIGHUP before there is something to reload, SIGUSR2 at any time (F178).
  for (const signal of ['SIGHUP', 'SIGUSR2']) process.on(signal, () => {});
  let gateway: Gateway;
  try {
    gateway = await createGateway({ configFile: file, logger });
  } catch (error) {
    await logger.close();
    if (!(error instanceof ConfigError)) throw explained(error);
    terminal.err(formatMistakes(error.mistakes, { color: terminal.color.err }));
    return exitCodes.failed;
  }
  if (terminal.interactive) terminal.out(banner(terminal, gateway, file));
  else logger.info(facts(gateway, file), 'started');
  level = () => gateway.config.log.level;
  const code = await untilSignal(gateway, logger);
  await logger.close();
  return code;
}

/** The signals and what they do; `docs/operating.md` lists them. */
function untilSignal(gateway: Gateway, logger: OperationalLog): Promise<number> {
  const onTerminal = isatty(1);
  return new Promise((resolve, reject) => {
    let ending = false;
    const end = (signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): void => {
      // Somebody insists: whatever is under way is lost.
      if (ending) process.exit(signal === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted);
      ending = true;
      logger.info({ signal }, 'ending; once more to end at once');
      gateway.drain().then(() => {
        resolve(exitCodes.ok);
      }, reject);
    };
    process.on('SIGTERM', end);
    process.on('SIGINT', end);
    process.on('SIGHUP', () => {
      // The window it ran in has been closed: nobody is there any more who could want a reload.
      if (onTerminal && !isatty(1)) end('SIGHUP');
      else if (!ending) void reload(gateway, logger);
    });
  });
}

/** A reload that fails over more than mistakes in the file is a bug, but none to stop serving for. */
async function reload(gateway: Gateway, logger: OperationalLog): Promise<void> {
  try {
    await gateway.reload();
  } catch (error) {
    logger.error({ err: error }, 'the reload failed; the old configuration goes on serving');
  }
}

function banner(terminal: Terminal, gateway: Gateway, file: string): string {
  const { paint } = terminal;
  const { addresses, adminAddress, config, workers } = gateway;
  const lines = addresses.map(
    (address) => `  ${paint('dim', 'listens on')}     ${paint('bold', urlOf(address))}`,
  );
  if (adminAddress !== undefined)
    lines.push(`  ${paint('dim', 'admin')}          ${urlOf(adminAddress)}/metrics /healthz /readyz /config`);
  if (workers > 1) lines.push(`  ${paint('dim', 'workers')}        ${workers}`);
  lines.push(`  ${paint('dim', 'configuration')}  ${file} ${paint('dim', '(reloads when it changes)')}`);
  return `\n${paint('bold', `Waygate ${version}`)}\n\n${lines.join('\n')}\n\n${routeTable(config, paint)}\n`;
}

function facts(
  { addresses, adminAddress, config, workers }: Gateway,
  file: string,
): Readonly<Record<string, unknown>> {
  return {
    version,
    pid: process.pid,
    file,
    listen: addresses.map(urlOf),
    ...(adminAddress === undefined ? {} : { admin: urlOf(adminAddress) }),
    ...(workers === 1 ? {} : { workers }),
    routes: config.routes.length,
    upstreams: Object.keys(config.upstreams).length,
  };
}

/** An address as something to click on. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  if (host === '::' || host === '0.0.0.0') return `http://localhost:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function explained(error: unknown): unknown {
  const { code, syscall, port, address } = error as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (syscall !== 'listen') return error;
  const place = address === undefined || address === '::' ? `port ${port}` : `${address} port ${port}`;
  switch (code) {
    case 'EADDRINUSE':
      return new Failure(
        `Another program listens on ${place} already.`,
        'End it, or choose another port under "listen" (or "admin").',
      );
    case 'EACCES':
      return new Failure(
        `This user may not listen on ${place}.`,
        'Choose a port from 1024 on, or give the permission (CAP_NET_BIND_SERVICE).',
      );
    case 'EADDRNOTAVAIL':
      return new Failure(
        `${address} is no address of this machine.`,
        'Listen on one that it has, or on a port alone for all of them.',
      );
    default:
      return new Failure(`Listening on ${place} failed: ${code}.`);
  }
}
