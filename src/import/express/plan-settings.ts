import { durationText, type DraftPolicy } from '../draft.ts';
import type { Place, ReportWriter } from '../report.ts';
import type { OptionsPlan, Verdict } from './options-plan.ts';

/** Settings of the upstream for a target. */
export function upstreamSettings(
  { secure, maxSockets }: OptionsPlan,
  url: string,
): Readonly<Record<string, unknown>> {
  return {
    ...(maxSockets !== undefined && { limits: { connections: maxSockets } }),
    ...(!secure && url.startsWith('https:') && { tls: { verify: false } }),
  };
}

/** `timeouts` of a route; undefined where there are none. */
export function timeoutsOf({
  clientTimeout,
  responseTimeout,
}: OptionsPlan): Readonly<Record<string, string>> | undefined {
  const timeouts = {
    ...(clientTimeout !== undefined && { requestBodyIdle: durationText(clientTimeout) }),
    ...(responseTimeout !== undefined && {
      responseHeaders: durationText(responseTimeout),
      bodyIdle: durationText(responseTimeout),
      // The usual limit for a whole exchange would come first.
      ...((responseTimeout === 0 || responseTimeout >= 60_000) && { exchange: '0' }),
    }),
  };
  return Object.keys(timeouts).length > 0 ? timeouts : undefined;
}

/** The policy `headers`, where there are any for the service. */
export function headerPolicies({ headers }: OptionsPlan): readonly DraftPolicy[] {
  return Object.keys(headers).length === 0
    ? []
    : [{ name: 'headers', options: { request: { set: headers } } }];
}

/** Puts a verdict into the report. */
export function reportVerdict(
  report: ReportWriter,
  what: string,
  verdict: Verdict,
  place: Place | undefined,
): void {
  if (verdict.type === 'translated') report.translate(what, verdict.became, place);
  else if (verdict.type === 'approximated') report.approximate(what, verdict.became, verdict.differs, place);
  else report.leaveOut(what, verdict.why, verdict.remedy, place);
}
