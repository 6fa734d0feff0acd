import type { CST, Document, Node } from 'yaml';
import type { TextLines } from './text-lines.ts';
import { describeYamlError } from './describe-yaml-error.ts';
import { isMap, isNode, isPair, isSeq, yamlLibrary } from './yaml-library.ts';
import { YamlValues, type TextFinding } from './yaml-values.ts';

/** How deeply lists and mappings may be nested. No configuration comes near it, and everything behind us may recurse. */
const maxDepth = 64;

/** How many mistakes of the text itself are worth reading: most come from the first. */
const maxSyntaxFindings = 10;

/** A configuration text that was read, with the way back from a value to its place. */
export interface Source {
  readonly value: unknown;
  readonly findings: readonly TextFinding[];
  /** Where the value at the path stands, or its key. */
  readonly offsetOf: (path: readonly (string | number)[], at: 'value' | 'key') => number;
}

/** Reads YAML 1.2 (and so JSON). Mistakes are returned, all that make sense; nothing is thrown for any text. */
export function readYaml(text: string, lines: TextLines): Source {
  const { tokens, tooDeep } = tokenize(text);
  if (tooDeep !== undefined) {
    return broken([
      syntaxFinding(tooDeep, `this is nested deeper than ${maxDepth} levels`, 'write it flatter'),
    ]);
  }
  const [document, second] = compose(tokens, text.length);
  if (document === undefined) return broken([]);
  const findings = syntaxFindings(document, text, lines);
  if (second !== undefined) findings.push(syntaxFinding(second.range[0], ...secondDocument));
  if (findings.length > 0) return broken(findings);
  const values = new YamlValues(text);
  const root: Node | null = isNode(document.contents) ? document.contents : null;
  const value = values.read(root, []);
  if (values.exhausted) return broken(values.findings);
  return { value, findings: values.findings, offsetOf: (path, at) => values.offsetOf(root, path, at) };
}

/** The concrete syntax, without recursion; stops where the nesting gets too deep. */
function tokenize(text: string): { tokens: CST.Token[]; tooDeep?: number } {
  const { Lexer, Parser } = yamlLibrary();
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > maxDepth + 1) return { tokens, tooDeep: parser.offset - lexeme.length };
  }
  for (const token of parser.end()) tokens.push(token);
  return { tokens };
}

function compose(tokens: CST.Token[], length: number): Document.Parsed[] {
  const { Composer } = yamlLibrary();
  // Duplicate keys are looked for in `YamlValues`: the library compares every key with every other.
  const composer = new Composer({
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: false,
    version: '1.2',
  });
  return [...composer.compose(tokens, true, length)];
}

function syntaxFindings(document: Document, text: string, lines: TextLines): TextFinding[] {
  const findings: TextFinding[] = [];
  const seen = new Set<number>();
  if (document.directives?.yaml.explicit === true) {
    findings.push(
      syntaxFinding(0, 'a %YAML directive stands here', 'leave it out: the file is read as YAML 1.2'),
    );
  }
  for (const { code, message, pos } of document.errors) {
    const offset = Math.min(Math.max(pos[0], 0), text.length);
    const { line, column } = lines.place(offset);
    if (seen.has(line)) continue;
    seen.add(line);
    const lineText = lines.line(line);
    const placeholder = unquotedPlaceholder(lineText);
    if (placeholder !== undefined) {
      findings.push(syntaxFinding(offset - column + 1 + placeholder, ...quotesMissing));
    } else if (findings.length === 0 || code !== 'UNEXPECTED_TOKEN') {
      // What is unexpected after a first mistake is mostly unexpected because of it.
      const { found, remedy } = describeYamlError(code, message);
      const start = message.startsWith('Missing closing') ? lastScalar(document, offset) : offset;
      findings.push(syntaxFinding(start, found, remedy));
    }
  }
  return findings.slice(0, maxSyntaxFindings);
}

/** Where the last text of a document begins: one in quotes that are not closed reaches to the end. */
function lastScalar(document: Document, otherwise: number): number {
  let node: unknown = document.contents;
  while (isMap(node) || isSeq(node)) {
    const last: unknown = node.items.at(-1);
    node = isPair(last) ? (last.value ?? last.key) : last;
  }
  return isNode(node) ? (node.range?.[0] ?? otherwise) : otherwise;
}

/** Where on a line a `${` without quotes stands inside braces or brackets, whose end it would be taken for. */
function unquotedPlaceholder(line: string): number | undefined {
  const match = /^(?:[^"'{[]|"[^"]*"|'[^']*')*[{[](?:[^"'$]|"[^"]*"|'[^']*'|\$(?!\{))*(?=\$\{)/.exec(
    line.slice(0, 2000),
  );
  return match?.[0].length;
}

const secondDocument = [
  'a second document begins here',
  'keep one document a file, without a line of "---" in the middle',
] as const;

const quotesMissing = [
  'a ${…} inside { } or [ ] is not in quotes',
  'put quotes around it: "${NAME}"',
] as const;

function syntaxFinding(offset: number, found: string, remedy: string): TextFinding {
  return { offset, path: [], found, remedy };
}

function broken(findings: readonly TextFinding[]): Source {
  return { value: undefined, findings, offsetOf: () => 0 };
}
