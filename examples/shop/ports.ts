import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of the shop. */
export interface Port {
  /** Who listens there. */
  readonly of: string;
  /** The environment variable that names another one. */
  readonly variable: string;
  readonly number: number;
  /** Undefined: every address. */
  readonly host?: string;
}

/** The ports of the shop, as the environment has them. `waygate.yaml` reads the same variables. */
export function readPorts(
  env: Readonly<Record<string, string | undefined>>,
): Record<'gateway' | 'admin' | 'users' | 'orders' | 'catalog' | 'issuer', Port> {
  const port = (of: string, variable: string, standard: number): Port => ({
    of,
    variable,
    number: Number(env[variable] ?? standard),
    host: '127.0.0.1',
  });
  const { host: _host, ...gateway } = port('Waygate', 'SHOP_PORT', 3000);
  return {
    gateway,
    admin: port("Waygate's admin listener", 'SHOP_ADMIN_PORT', 9901),
    users: port('the users service', 'SHOP_USERS_PORT', 3001),
    orders: port('the orders service', 'SHOP_ORDERS_PORT', 3002),
    catalog: port('the catalog service', 'SHOP_CATALOG_PORT', 3003),
    issuer: port('the demo issuer of tokens', 'SHOP_ISSUER_PORT', 3004),
  };
}

/** Why a port cannot be used, and what to do about it; undefined when it can. */
export async function portTrouble({ of, variable, number, host }: Port): Promise<string | undefined> {
  if (!Number.isInteger(number) || number < 1 || number > 65_535) {
    return `${variable} must be a port from 1 to 65535, but is ${JSON.stringify(process.env[variable])}.`;
  }
  const server = createServer();
  try {
    await once(server.listen(number, host), 'listening');
    return undefined;
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
        ? 'is taken'
        : `cannot be used (${String(error)})`;
    return `Port ${number}, for ${of}, ${reason}. End what listens there, or choose another: ${variable}=${number + 1000} npm start`;
  } finally {
    server.close();
  }
}
