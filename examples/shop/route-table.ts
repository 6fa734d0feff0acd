import { z } from 'zod';

/** As much of the running configuration as the table shows. */
const runningConfig = z.object({
  config: z.object({
    upstreams: z.record(z.string(), z.object({ targets: z.array(z.object({ url: z.string() })) })),
    routes: z.array(
      z.object({
        path: z.object({ type: z.string(), value: z.string() }),
        methods: z.array(z.string()),
        upstream: z.string().optional(),
        policies: z.array(z.object({ name: z.string() })),
      }),
    ),
  }),
});

/** Asks a gateway's admin listener for its routes and lays them out as a table. */
export async function routeTable(configUrl: string): Promise<string> {
  const response = await fetch(configUrl);
  const { config } = runningConfig.parse(await response.json());
  const { routes, upstreams } = config;
  const rows = routes.map(({ path, methods, upstream, policies }) => [
    methods.join(' ') || 'any',
    path.type === 'prefix' ? `${path.value.replace(/\/$/, '')}/…` : path.value,
    upstream === undefined
      ? 'the gateway itself'
      : `${upstream} ${upstreams[upstream]?.targets[0]?.url ?? ''}`,
    policies.map(({ name }) => name).join(', '),
  ]);
  return layOut([['METHOD', 'PATH', 'GOES TO', 'POLICIES OF ITS OWN'], ...rows]);
}

function layOut(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
