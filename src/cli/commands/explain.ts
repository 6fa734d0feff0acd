import { formatMistakes } from '../../config/format-mistakes.ts';
import { systemFetch } from '../../gateway/system-fetch.ts';
import { explainRequest, type Explanation } from '../../gateway/explain.ts';
import { normalizeIp } from '../../http/ip.ts';
import { configFile } from '../config-file.ts';
import { credentialHeaders, readCredentials } from '../credentials.ts';
import { bodyText, explanationText } from '../explanation-text.ts';
import { exitCodes, Failure } from '../failure.ts';
import { maskExplanation } from '../mask-explanation.ts';
import { loadChecked } from '../load.ts';
import { requestText } from '../request-text.ts';
import type { Terminal } from '../terminal.ts';

/** What a request is asked about. */
export interface ExplainQuestion {
  readonly method: string;
  readonly target: string;
  readonly header?: readonly string[];
  /** A token to send as `Authorization: Bearer`; `-` is what standard input has. */
  readonly token?: string;
  /** A key to send in the header that the policy `api-key` reads; `-` is what standard input has. */
  readonly apiKey?: string;
  readonly client: string;
  readonly config?: string;
  readonly json?: true;
}

/**
 * Says what would happen to a request: its route and why, the policies, who is asking, and what the target receives. No
 * credential of the request is shown.
 * @returns the exit code: 1 when the configuration has mistakes.
 * @throws Failure when the question makes no sense.
 */
export async function explain(
  terminal: Terminal,
  question: ExplainQuestion,
  input: AsyncIterable<Uint8Array | string> = process.stdin,
): Promise<number> {
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
  const credentials = await readCredentials(question, input);
  const headers = [...header, ...credentialHeaders(credentials, checked.config, header)];
  const head = requestText({ method, target, headers, port });
  const explanation = maskExplanation(
    await explainRequest(checked.config, { head, peerIp }, checked.policies, systemFetch),
    headers,
    [credentials.token, credentials.apiKey].filter((text) => text !== undefined),
  );
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
