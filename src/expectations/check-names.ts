import type { Finding } from '../config/finding.ts';
import { isMapping } from '../config/plain-value.ts';
import type { Config } from '../config/schema.ts';
import { foundIn } from '../core/found-in.ts';
import { nearest } from '../core/nearest.ts';

type Path = readonly (string | number)[];
type Mapping = Readonly<Record<string, unknown>>;

/**
 * Every name in a file of expectations that the configuration does not have: of routes, upstreams, policies. Looks at what
 * is written, so that other mistakes do not hide these.
 */
export function checkNames(written: unknown, config: Config): Finding[] {
  const checker = new NameChecker(config, written);
  checker.document();
  return checker.findings;
}

class NameChecker {
  readonly findings: Finding[] = [];
  readonly #written: Mapping;
  readonly #routes: readonly string[];
  readonly #upstreams: readonly string[];
  readonly #policies: readonly string[];

  constructor({ routes, upstreams, policies }: Config, written: unknown) {
    this.#written = isMapping(written) ? written : {};
    this.#routes = routes.map(({ name }) => name);
    this.#upstreams = Object.keys(upstreams);
    const all = [...policies, ...routes.flatMap((route) => route.policies)];
    this.#policies = [...new Set(all.map(({ name }) => name))];
  }

  document(): void {
    this.#targets(this.#written['targets'], ['targets']);
    for (const [test, path] of mappingsIn(this.#written['tests'], ['tests'])) {
      this.#targets(test['targets'], [...path, 'targets']);
      this.#step(test, path);
      for (const [step, stepPath] of mappingsIn(test['steps'], [...path, 'steps']))
        this.#step(step, stepPath);
    }
  }

  #targets(targets: unknown, path: Path): void {
    if (!isMapping(targets)) return;
    for (const name of Object.keys(targets))
      this.#known(name, this.#upstreams, 'upstream', [...path, name], 'key');
  }

  #step({ request, expect }: Mapping, path: Path): void {
    if (isMapping(request)) this.#token(request['token'], [...path, 'request', 'token']);
    if (!isMapping(expect)) return;
    const { route, policies, answeredBy, upstream } = expect;
    this.#known(route, this.#routes, 'route', [...path, 'expect', 'route']);
    if (Array.isArray(policies))
      for (const [index, name] of policies.entries())
        this.#known(name, this.#policies, 'policy', [...path, 'expect', 'policies', index]);
    this.#known(answeredBy, ['target', 'gateway', ...this.#policies], 'policy', [
      ...path,
      'expect',
      'answeredBy',
    ]);
    if (isMapping(upstream))
      this.#known(upstream['upstream'], this.#upstreams, 'upstream', [
        ...path,
        'expect',
        'upstream',
        'upstream',
      ]);
    else this.#known(upstream, this.#upstreams, 'upstream', [...path, 'expect', 'upstream']);
  }

  #token(token: unknown, path: Path): void {
    const { issuers } = this.#written;
    const some = Array.isArray(issuers) && issuers.length > 0;
    if (token === undefined || some) return;
    const remedy = 'write issuers: with the issuer that the policy jwt of the route names';
    this.findings.push({ path, at: 'key', found: 'there is nobody to issue a token', remedy });
  }

  /** Only texts are names: what else stands there is another mistake, which the schema has found. */
  #known(
    name: unknown,
    names: readonly string[],
    noun: string,
    path: Path,
    at: 'key' | 'value' = 'value',
  ): void {
    if (typeof name !== 'string' || names.includes(name)) return;
    const found = `the configuration has no ${noun} ${foundIn(name)}`;
    this.findings.push({ path, at, found, remedy: remedyFor(name, names) });
  }
}

/** The mappings in a list, with their places. */
function mappingsIn(list: unknown, path: Path): (readonly [Mapping, Path])[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => (isMapping(item) ? [[item, [...path, index]] as const] : []));
}

/** How many names are worth listing. */
const most = 12;

function remedyFor(name: string, names: readonly string[]): string {
  const meant = nearest(name, names);
  if (meant !== undefined) return `did you mean ${JSON.stringify(meant)}?`;
  if (names.length === 0) return 'leave it out: it has none';
  const more = names.length > most ? `, … (${names.length} in all)` : '';
  return `write one of ${names.slice(0, most).join(', ')}${more}`;
}
