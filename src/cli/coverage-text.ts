import { type Coverage, percentOf } from '../expectations/coverage.ts';
import { escapeText } from '../observe/escape.ts';
import type { Paint } from '../observe/paint.ts';

/** How much of a configuration the tests have met, and with details what they have not. */
export function coverageText(
  configuration: string,
  coverage: Coverage,
  paint: Paint,
  options: { readonly details: boolean },
): string {
  const percent = percentOf(coverage);
  const share = paint(percent === 100 ? 'green' : 'yellow', `${percent} %`);
  const head = `Coverage of ${escapeText(configuration)}: ${share}, ${coverage.covered} of ${coverage.total} routes and policies\n`;
  return options.details
    ? `${head}${missed(coverage)
        .map((line) => `  ${paint('yellow', '–')} ${line}\n`)
        .join('')}`
    : head;
}

function missed({ everyRoute, routes }: Coverage): string[] {
  return [
    ...everyRoute
      .filter(({ covered }) => !covered)
      .map(({ name }) => `no test meets the policy ${escapeText(name)}, which is for every route`),
    ...routes.flatMap(({ name, covered, policies }) => {
      if (!covered)
        return [
          `no test takes the route ${escapeText(name)}${withPolicies(policies.map((each) => each.name))}`,
        ];
      return policies
        .filter((policy) => !policy.covered)
        .map(
          (policy) => `no test meets the policy ${escapeText(policy.name)} of the route ${escapeText(name)}`,
        );
    }),
  ];
}

function withPolicies(names: readonly string[]): string {
  return names.length === 0
    ? ''
    : `, and none meets its policies: ${names.map((name) => escapeText(name)).join(', ')}`;
}
