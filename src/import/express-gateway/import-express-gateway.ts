import { basename } from 'node:path';
import { dropUnusedUpstreams, newDraft, type Draft } from '../draft.ts';
import type { Imported } from '../finish-import.ts';
import { ReportWriter } from '../report.ts';
import { settleOrder } from '../settle-order.ts';
import { reportOthers } from './other-keys.ts';
import { routesOf, type RouteContext } from './endpoint-routes.ts';
import { readEndpoints } from './endpoints.ts';
import { resolved } from './environment.ts';
import { pipelinesOf, reportPipeline, stepsOf, stepText, type Step } from './pipelines.ts';
import { at, entriesOf, numberOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** Makes a configuration of that of Express Gateway. */
export function importExpressGateway(
  source: Tree,
  system: Tree | undefined,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Imported {
  const draft = newDraft([
    `Imported from ${basename(file)} of Express Gateway, by "waygate import express-gateway".`,
    'What was approximated or left out is in the report that the command prints.',
  ]);
  const report = new ReportWriter();
  const gateway = resolved(source, env, report);
  readListeners(gateway, draft, report);
  readSystem(system, report);
  const endpoints = readEndpoints(at(gateway, 'apiEndpoints'), report);
  const services = at(gateway, 'serviceEndpoints');
  const pipelines = new Map<string, readonly Step[]>();
  const allSteps: Step[] = [];
  for (const [name, pipeline] of pipelinesOf(gateway)) {
    reportPipeline(name, pipeline, report);
    const steps = stepsOf(pipeline);
    allSteps.push(...steps);
    for (const endpoint of textsOf(at(pipeline, 'apiEndpoints') ?? at(pipeline, 'apiEndpoint'))) {
      if (!endpoints.some((each) => each.name === endpoint))
        report.leaveOut(
          `pipeline ${name}: apiEndpoint ${endpoint}`,
          'there is no route for it',
          'see what is said of it, or write it',
          pipeline.place,
        );
      pipelines.set(endpoint, steps);
    }
  }
  const reached = new Set<Step>();
  const context = { draft, report, services, env, reached };
  // Hosts are asked in the order in which they first stand there.
  const hosts = [...new Set(endpoints.map(({ hosts: each }) => JSON.stringify(each)))];
  const inOrder = hosts.flatMap((host) => endpoints.filter((each) => JSON.stringify(each.hosts) === host));
  draft.routes = settleOrder(
    inOrder.flatMap((endpoint) => routesOf(endpoint, pipelines.get(endpoint.name), context)),
    report,
  );
  dropUnusedUpstreams(draft);
  reportIdle(services, allSteps, context);
  reportRest(gateway, new Set(allSteps.map(({ policy }) => policy)), report);
  return { draft, report };
}

/** Says what of services and pipelines no request comes to. */
function reportIdle(
  services: Tree | undefined,
  steps: readonly Step[],
  { draft, report, reached }: RouteContext,
): void {
  for (const [name, service] of entriesOf(services))
    if (!draft.upstreams.some((each) => each.place?.line === service.place.line))
      report.leaveOut(
        `serviceEndpoint ${name}`,
        'no pipeline asks it',
        'nothing is lost; add it to upstreams where it is needed',
        service.place,
      );
  for (const step of steps)
    if (!reached.has(step))
      report.leaveOut(
        stepText(step),
        'no request comes to it: no endpoint has its pipeline, or a step before it answers',
        'nothing is lost',
        step.place,
      );
}

function readListeners(gateway: Tree, draft: Draft, report: ReportWriter): void {
  const http = at(gateway, 'http');
  const port = numberOf(at(http, 'port'));
  const host = textOf(at(http, 'hostname'));
  if (port !== undefined) {
    const value = host === undefined || host === '0.0.0.0' ? port : `${host}:${port}`;
    draft.listen.push({ value });
    report.translate('http', `listen: ${value}`, http?.place);
  }
  reportOthers(http, ['port', 'hostname'], 'http', report);
  const https = at(gateway, 'https');
  if (https !== undefined)
    report.leaveOut(
      'https',
      'the gateway does not serve TLS yet',
      'end TLS in front of it, and name what does that under trustedProxies',
      https.place,
    );
  if (draft.listen.length === 0) draft.listen.push({ value: 8080, comment: 'there was no http' });
  const admin = at(gateway, 'admin');
  const adminPort = numberOf(at(admin, 'port'));
  if (admin === undefined || adminPort === undefined) return;
  reportOthers(admin, ['port', 'hostname', 'host'], 'admin', report);
  draft.admin = { port: adminPort };
  report.approximate(
    'admin',
    `admin: { port: ${adminPort} }`,
    'it is another interface, on 127.0.0.1: /metrics, /healthz, /readyz and /config. Users, keys and pipelines are changed in files',
    admin.place,
  );
}

/** Secrets stand in it: what it says is never shown. */
function readSystem(system: Tree | undefined, report: ReportWriter): void {
  for (const [key, value] of entriesOf(system)) {
    const what = `system.config.yml: ${key}`;
    if (key === 'db')
      report.leaveOut(
        what,
        'the gateway has no database; users, keys and tokens in it are not taken along',
        'for limits and answers that several gateways share, set redis: redis://…',
        value.place,
      );
    else if (key === 'plugins')
      for (const [plugin, { place }] of entriesOf(value))
        report.leaveOut(
          `plugin ${plugin}`,
          'plugins of Express Gateway do not run here',
          'see docs/policies.md for a policy that does the same',
          place,
        );
    else report.leaveOut(what, 'the gateway has nothing that it is for', 'nothing is needed', value.place);
  }
}

const knownKeys = new Set([
  'http',
  'https',
  'admin',
  'apiEndpoints',
  'apiEndpoint',
  'serviceEndpoints',
  'pipelines',
  'pipeline',
]);

function reportRest(gateway: Tree, used: ReadonlySet<string>, report: ReportWriter): void {
  for (const [key, value] of entriesOf(gateway)) {
    if (key === 'policies') {
      for (const policy of textsOf(value))
        if (!used.has(policy))
          report.translate(`policies: ${policy}`, 'nothing: no pipeline uses it', value.place);
      report.translate('policies', 'nothing: policies are used where they are named', value.place);
    } else if (!knownKeys.has(key))
      report.leaveOut(key, 'there is nothing known by this name', 'see docs/configuration.md', value.place);
  }
  report.approximate(
    'how Express compares paths',
    'how Waygate does',
    'Express takes no notice of case, and of a slash at the end; a route is for its path as it is written',
  );
  report.approximate(
    'requests as services see them',
    'requests by Waygate',
    'they have Via, and X-Forwarded-For, -Host and -Proto (see forwarded), and no eg-request-id: the policy request-id gives them an X-Request-Id',
  );
  report.approximate(
    'limits',
    'those of Waygate',
    'a body has up to 10mb and an exchange up to 60s, unless limits and timeouts say otherwise',
  );
}
