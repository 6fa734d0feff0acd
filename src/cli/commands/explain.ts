import { formatMistakes } from '../../config/format-mistakes.ts';
import { builtInPolicies } from '../../gateway/built-in-policies.ts';
import { explainRequest, type Explanation } from '../../gateway/explain.ts';
import { normalizeIp } from '../../http/ip.ts';
import { configFile } from '../config-file.ts';
import { bodyText, explanationText } from '../explanation-text.ts';
import { exitCodes, Failure } from '../failure.ts';
import { loadChecked } from '../load.ts';
import { requestText } from '../request-text.ts';
import type { Terminal } from '../terminal.ts';

/** What a request is asked about. */
export interface ExplainQuestion {
  readonly method: string;
  readonly target: string;
  readonly header?: readonly string[];
  readonly client: string;
  readonly config?: string;
  readonly json?: true;
}

/**
 * Says what would happen to a request: its route and why, the policies, and what the target receives.
 * @returns the exit code: 1 when the configuration has mistakes.
 * @throws Failure when the question makes no sense.
 */
export async function explain(terminal: Terminal, question: ExplainQuestion): Promise<number> {
  const { method, target, header = [], client } = question;
  const peerIp = normalizeIp(client);
  if (peerIp === undefined) {
    throw new Failure(
      `${JSON.stringify(client)} is not an IP address.`,
      'Write one such as 192.0.2.1 or 2001:db8::1.',
      exitCodes.usage,
    );
  }
  const file = configFile(question.config, process.cwd());
  const checked = await loadChecked(file);
  if (!checked.ok) {
    terminal.err(formatMistakes(checked.mistakes, { color: terminal.color.err }));
    return exitCodes.failed;
  }
  const port = checked.config.listen[0]?.port ?? 80;
  const head = requestText({ method, target, headers: header, port });
  const explanation = await explainRequest(checked.config, { head, peerIp }, builtInPolicies);
  terminal.out(
    question.json
      ? `${JSON.stringify({ file, ...explanation, end: endAsJson(explanation.end) }, null, 2)}\n`
      : explanationText(explanation, file, terminal.paint),
  );
  return exitCodes.ok;
}

/** Header lines as a list of pairs, the body as text. */
function endAsJson(end: Explanation['end']): unknown {
  if (end.type !== 'answered') return end;
  const { status, headers = [], body } = end.reply;
  return { type: end.type, policy: end.policy, status, headers: [...headers], body: bodyText(body) };
}
