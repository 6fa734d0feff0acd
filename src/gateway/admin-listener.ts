import type { AdminOptions, AdminServer } from '../admin/admin-server.ts';
import type { Config } from '../config/schema.ts';
import type { ListenerAddress } from './listener.ts';

/** What the admin listener shows, wherever it listens. */
type AdminContent = Omit<AdminOptions, 'host' | 'port' | 'token'>;

/** The admin listener as the configuration wants it, which may be elsewhere after each reload. */
export class AdminListener {
  readonly #content: AdminContent;
  #server: AdminServer | undefined;
  #admin: Config['admin'];

  constructor(content: AdminContent) {
    this.#content = content;
  }

  get address(): ListenerAddress | undefined {
    return this.#server?.address;
  }

  /**
   * Listens as this configuration says; the listener that there is stays when that fails.
   * @throws the error of `listen`, such as EADDRINUSE.
   */
  async swap({ admin }: Config): Promise<void> {
    if (keyOf(admin) === keyOf(this.#admin)) return;
    const old = this.#server;
    // Two listeners cannot have one port, so the old one goes first where the port stays.
    const inPlace = old !== undefined && old.address.port === admin?.port;
    if (inPlace) await old.close();
    try {
      this.#server = await this.#start(admin);
    } catch (error) {
      if (inPlace) this.#server = await this.#start(this.#admin);
      throw error;
    }
    this.#admin = admin;
    if (!inPlace) await old?.close();
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async #start(admin: Config['admin']): Promise<AdminServer | undefined> {
    if (admin === undefined) return undefined;
    const { host, port, token } = admin;
    // Nobody waits for an HTTP server to be loaded that is not wanted.
    const { startAdmin } = await import('../admin/admin-server.ts');
    return startAdmin({ ...this.#content, host, port, token });
  }
}

function keyOf(admin: Config['admin']): string {
  return admin === undefined ? '' : JSON.stringify(admin);
}
