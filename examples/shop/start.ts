import { styleText } from 'node:util';
import { join } from 'node:path';
import { curlLines } from './curl-lines.ts';
import { portTrouble, readPorts } from './ports.ts';
import type { Program } from './program.ts';
import { startProgram } from './program.ts';
import { routeTable } from './route-table.ts';

const ports = readPorts(process.env);
const folder = import.meta.dirname;

/** In the order in which they start; they end in the reverse order, the gateway first. */
const programs: readonly Program[] = [
  service('users', ports.users.number, '/'),
  service('orders', ports.orders.number, '/orders'),
  service('catalog', ports.catalog.number, '/products'),
  {
    name: 'waygate',
    args: [join(folder, '../../src/cli/main.ts'), 'start', join(folder, 'waygate.yaml')],
    readyUrl: `http://127.0.0.1:${ports.admin.number}/readyz`,
  },
];

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
  const width = Math.max(...programs.map(({ name }) => name.length));
  const running = programs.map((program) => {
    const mark = styleText('dim', `${program.name.padEnd(width)} |`);
    return startProgram(program, (line) => console.log(`${mark} ${line}`));
  });
  const asked = new Promise<string>((resolve) => {
    // `on`, not `once`: npm passes a Ctrl-C on that the terminal has sent here already, and it must not end this program early.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal));
  });
  const broken = Promise.race(running.map(async ({ name, ended }) => `${name} ended (${await ended})`));

  const ready = Promise.all(running.map((program) => program.ready())).then(printWelcome);
  const reason = await Promise.race([asked, broken, ready.then(() => Promise.race([asked, broken]), String)]);
  const onPurpose = reason.startsWith('SIG');
  console.log(onPurpose ? '\nEnding …' : `\n${reason}; ending the others …`);
  for (const program of running.toReversed()) await program.stop();
  return onPurpose ? 0 : 1;
}

async function printWelcome(): Promise<void> {
  const table = await routeTable(`http://127.0.0.1:${ports.admin.number}/config`);
  const lines = curlLines(ports.gateway.number, ports.admin.number);
  console.log(
    `\nWaygate listens on http://localhost:${ports.gateway.number}, in front of three Express services.\n`,
  );
  console.log(`${table}\n\nTry, in another terminal:\n`);
  for (const { what, line } of lines) console.log(`  ${styleText('dim', `# ${what}`)}\n  ${line}`);
  console.log('\nCtrl-C ends everything.\n');
}

function service(name: string, port: number, path: string): Program {
  return {
    name,
    args: [join(folder, `${name}.ts`)],
    env: { PORT: String(port) },
    readyUrl: `http://127.0.0.1:${port}${path}`,
  };
}
