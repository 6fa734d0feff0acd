import { styleText } from 'node:util';
import { join } from 'node:path';
import { curlLines, curlLinesWithToken } from './curl-lines.ts';
import { portTrouble, readPorts } from './ports.ts';
import type { Program, RunningProgram } from './program.ts';
import { startProgram } from './program.ts';
import { routeTable } from './route-table.ts';

const ports = readPorts(process.env);
const folder = import.meta.dirname;

const services: readonly Program[] = [
  service('users', ports.users.number, '/'),
  service('orders', ports.orders.number, '/orders'),
  service('catalog', ports.catalog.number, '/products'),
  service('issuer', ports.issuer.number, '/.well-known/openid-configuration'),
];
/** Starts when the services are ready: it fetches the keys of the issuer at once, and else would try again only later. */
const gateway: Program = {
  name: 'waygate',
  args: [join(folder, '../../src/cli/main.ts'), 'start', join(folder, 'waygate.yaml')],
  readyUrl: `http://127.0.0.1:${ports.admin.number}/readyz`,
};

const troubles = await Promise.all(Object.values(ports).map(portTrouble));
const trouble = troubles.filter((text) => text !== undefined);
if (trouble.length > 0) {
  console.error(trouble.join('\n'));
  process.exitCode = 1;
} else {
  process.exitCode = await runShop();
}

/** Runs until a signal comes or a program ends, and returns the exit code. */
async function runShop(): Promise<number> {
  const running: RunningProgram[] = [];
  const end = Promise.withResolvers<string>();
  let ending = false;
  // `on`, not `once`: npm passes a Ctrl-C on that the terminal has sent here already, and it must not end this program early.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => end.resolve(signal));

  const launch = async (program: Program): Promise<void> => {
    // A signal may have come while others became ready.
    if (ending) return;
    const started = startProgram(program, printer(program.name));
    running.push(started);
    void started.ended.then((how) => end.resolve(`${program.name} ended (${how})`));
    await started.ready();
  };
  const serve = async (): Promise<void> => {
    await Promise.all(services.map(launch));
    await launch(gateway);
    if (!ending) await printWelcome();
  };
  serve().catch((error: unknown) => end.resolve(String(error)));

  const reason = await end.promise;
  ending = true;
  const onPurpose = reason.startsWith('SIG');
  console.log(onPurpose ? '\nEnding …' : `\n${reason}; ending the others …`);
  // The gateway first.
  for (const program of running.toReversed()) await program.stop();
  return onPurpose ? 0 : 1;
}

/** Prints the lines of a program with its name in front. */
function printer(name: string): (line: string) => void {
  const width = Math.max(...[...services, gateway].map((each) => each.name.length));
  const mark = styleText('dim', `${name.padEnd(width)} |`);
  return (line) => console.log(`${mark} ${line}`);
}

async function printWelcome(): Promise<void> {
  const table = await routeTable(`http://127.0.0.1:${ports.admin.number}/config`);
  const token = await newToken('ada');
  console.log(
    `\nWaygate listens on http://localhost:${ports.gateway.number}, in front of three Express services.\n\n${table}`,
  );
  for (const { title, lines } of [
    curlLines(ports.gateway.number, ports.admin.number),
    curlLinesWithToken(ports.gateway.number, ports.issuer.number, token),
  ]) {
    console.log(`\n${title}\n`);
    for (const { what, line } of lines) console.log(`  ${styleText('dim', `# ${what}`)}\n  ${line}`);
  }
  console.log('\nCtrl-C ends everything.\n');
}

/** A token of the demo issuer. */
async function newToken(user: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${ports.issuer.number}/token`, {
    method: 'POST',
    body: new URLSearchParams({ user }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the issuer gave no token: ${text}`);
  return text.trim();
}

function service(name: string, port: number, path: string): Program {
  return {
    name,
    args: [join(folder, `${name}.ts`)],
    env: { PORT: String(port) },
    readyUrl: `http://127.0.0.1:${port}${path}`,
  };
}
