import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { listen } from '../../test/kit/listen.ts';
import { needs } from '../../test/kit/needs.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';
import type { RunningProgram } from '../../test/kit/running-program.ts';

const configFile = join(import.meta.dirname, 'waygate.yaml');

/** What each printed line must answer, by what it is printed for. */
const expected: Readonly<Record<string, RegExp>> = {
  'users, without the /users that the service does not know': /^\{"id":1,"name":"Ada"/,
  'a new user': /^HTTP\/1\.1 201 [^]*\r\nlocation: \/users\/3\r\n[^]*"name":"Edsger"/i,
  'a search in the catalog': /^\[\{"id":1,"name":"Teapot".*"Teacup".*\]$/,
  'a named parameter, rewritten to /products/3': /^\{"id":3,"name":"Kettle"/,
  'a report that takes longer than its route allows: 504': /^HTTP\/1\.1 504 [^]*upstream_headers_timeout/,
  'what a browser asks before it posts from another site':
    /^HTTP\/1\.1 204 [^]*access-control-allow-origin: http:\/\/localhost:5173\r\n/i,
  'an answer of the gateway itself': /^HTTP\/1\.1 200 [^]*"\/catalog\/products"/,
  'a redirect': /^HTTP\/1\.1 30[1278] [^]*location: \/catalog\/products\r\n/i,
  'no route': /^HTTP\/1\.1 404 [^]*route_not_found/,
  'the metrics': /^waygate_requests_total\{.*route=/m,
  'without a token: 401': /^HTTP\/1\.1 401 [^]*\r\nwww-authenticate: Bearer\r\n[^]*"code":"token_missing"/i,
  "ada's own orders, with her token, valid for one hour": /^\[\{"id":2,"customer":"ada","product":"Teacup"/,
  "somebody else's: 403, and the name of the rule that says so":
    /^HTTP\/1\.1 403 [^]*"code":"not_allowed"[^]*"rule":"own-orders"/,
  'all orders: grace is staff': /^\[\{"id":1,"customer":"grace","product":"Teapot".*"customer":"ada"/,
  'another token': /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/,
  'a new order with a fresh token: the service learns from X-Consumer whose it is':
    /^HTTP\/1\.1 201 [^]*"customer":"ada","product":"Kettle"/,
  'orders as an event stream, for two seconds': /^id: 1\nevent: order\ndata: \{"id":1,[^]*\n\nid: 2\n/,
};

suite('the shop', { skip: needs('curl') }, () => {
  let ports: Awaited<ReturnType<typeof shopPorts>>;
  let shop: RunningProgram;
  before(async () => {
    ports = await shopPorts();
    shop = startProgram(['examples/shop/start.ts'], ports);
    await shop.printed('Ctrl-C ends everything');
  });
  after(() => shop.end());

  test('it prints the table of its routes', () => {
    assert.match(shop.output(), /METHOD +PATH +GOES TO/);
    assert.match(shop.output(), /any +\/users\/… +users http:\/\/127\.0\.0\.1:\d+ +headers, body-limit/);
  });

  test('every curl line that it prints works when pasted', async (t) => {
    const printed = [...shop.output().matchAll(/^ {2}# (.*)\n {2}(curl .*)$/gm)];
    assert.deepEqual(new Set(printed.map(([, what]) => what)), new Set(Object.keys(expected)));
    for (const [, what = '', line = ''] of printed) {
      await t.test(what, async () => assert.match(await paste(line), expected[what] ?? /^$/, line));
    }
  });

  test('the token of the line that has one stands there in full', () => {
    assert.match(shop.output(), / -H 'authorization: Bearer eyJ[\w-]+\.[\w-]+\.[\w-]+'$/m);
  });

  test('no order is shown without a token', async () => {
    for (const path of ['/orders', '/orders/1', '/orders/of/ada', '/orders/events']) {
      const response = await fetch(`http://127.0.0.1:${ports.SHOP_PORT}${path}`);
      assert.equal(response.status, 401, path);
      assert.match(await response.text(), /token_missing/);
    }
  });

  test('nobody can order for somebody else', async () => {
    const [line = ''] = /curl .* -H 'authorization: Bearer eyJ.*'/.exec(shop.output()) ?? [];
    const order = `-H 'content-type: application/json' -d '{"product":"Teacup"}'`;
    const post = `${line.replace('/orders/of/ada', '/orders')} -H 'X-Consumer: grace' -H 'x_consumer: grace'`;
    assert.match(await paste(`${post} ${order}`), /"customer":"ada","product":"Teacup"/);
  });

  test('nobody but staff sees the orders of others, however the path is written', async () => {
    const [line = ''] = /curl .* -H 'authorization: Bearer eyJ.*'/.exec(shop.output()) ?? [];
    for (const [path, rule] of [
      ['/orders', 'staff-sees-all'],
      ['/orders/1', 'staff-sees-all'],
      ['/orders/events', 'staff-sees-all'],
      ['/orders/of', 'staff-sees-all'],
      ['/orders/of/grace', 'own-orders'],
      ['/orders/of/%67race', 'own-orders'],
      ['/orders//of/ada/../grace', 'own-orders'],
      ['/orders/of/ada/../../1', 'staff-sees-all'],
      ['/orders/of/grace?customer=ada', 'own-orders'],
    ] as const) {
      const answer = await paste(
        line.replace('curl ', 'curl -s --path-as-is ').replace('/orders/of/ada', path),
      );
      assert.match(answer, new RegExp(`"code":"not_allowed".*"rule":"${rule}"`), path);
    }
  });

  test('Ctrl-C ends it cleanly: exit code 0, and every port is free again', async () => {
    // Twice, as it comes when npm passes it on.
    const [exitCode] = await Promise.all([shop.end('SIGINT'), shop.end('SIGINT')]);
    assert.equal(exitCode, 0, shop.output());
    for (const port of Object.values(ports)) await assertFree(Number(port));
  });
});

test('the line of waygate.yaml that explains a request does so', async () => {
  const [, args] = /npx node (src.* -c (?:\S+))$/m.exec(readFileSync(configFile, 'utf8')) ?? [];
  assert.ok(args, 'there is a line');
  const program = startProgram(args.split(' '));
  assert.equal(await program.ended, 0, program.output());
  assert.match(program.output(), /^Answered by the policy jwt\n {2}401$/m);
});

test('a port that is taken is named, with the way out', async (t) => {
  const squatter = createServer();
  const { port } = await listen(squatter);
  t.after(() => squatter.close());
  const shop = startProgram(['examples/shop/start.ts'], {
    ...(await shopPorts()),
    SHOP_ORDERS_PORT: String(port),
  });
  assert.equal(await shop.ended, 1);
  assert.match(
    shop.output(),
    new RegExp(`Port ${port}, for the orders service, is taken\\..*SHOP_ORDERS_PORT=`),
  );
});

/** A free port for each variable that `ports.ts` and `waygate.yaml` read. */
function shopPorts() {
  return freePorts(
    'SHOP_PORT',
    'SHOP_ADMIN_PORT',
    'SHOP_USERS_PORT',
    'SHOP_ORDERS_PORT',
    'SHOP_CATALOG_PORT',
    'SHOP_ISSUER_PORT',
  );
}

async function assertFree(port: number): Promise<void> {
  const server = createServer();
  await listen(server, port);
  server.close();
  await once(server, 'close');
}

/** Runs a line as a user's shell would, and gives what it printed. */
function paste(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', line], (error, stdout, stderr) => {
      // curl ends with 28 when the time that a line gives it with --max-time is over.
      if (error === null || (line.includes('--max-time') && error.code === 28)) resolve(stdout);
      else reject(new Error(`${line}\n${stderr}`, { cause: error }));
    });
  });
}
