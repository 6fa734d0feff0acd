import { createGateway } from '../../../src/gateway/gateway.ts';
import type { AccessRecord } from '../../../src/observe/access-log.ts';
import { routeTo, testDefaults } from '../../kit/start-gateway.ts';
import type { RecordingTarget } from '../../kit/recording-target.ts';
import type { Proxy } from './proxies.ts';

/** Gateways as a {@link Proxy}, one in front of each target, with what each has logged. */
export interface WaygateProxy extends Proxy {
  /** The records of the gateway in front of each target. */
  readonly records: readonly AccessRecord[][];
  /** Lines of level `warn` and `error` of all operational logs. */
  readonly complaints: readonly string[];
  /** Exchanges and connections of clients that are still there. */
  readonly left: () => number;
}

/** Waygate with its defaults, as far as tests can. */
export async function startWaygate(targets: readonly RecordingTarget[]): Promise<WaygateProxy> {
  const complaints: string[] = [];
  const records = targets.map((): AccessRecord[] => []);
  const complain = (_fields: unknown, message: string): void => void complaints.push(message);
  const logger = { debug() {}, info() {}, warn: complain, error: complain };
  const gateways = await Promise.all(
    targets.map((target, i) =>
      createGateway({
        config: { ...testDefaults, ...routeTo(target) },
        accessLog: (record) => void records[i]?.push(record),
        logger,
      }),
    ),
  );
  return {
    ports: gateways.map(({ addresses }) => addresses[0]?.port ?? 0),
    records,
    complaints,
    left: () => gateways.reduce((sum, { stats }) => sum + stats.inFlight + stats.clientConnections, 0),
    close: async () => {
      await Promise.all(gateways.map((gateway) => gateway.close()));
    },
  };
}
