import type { ReportWriter } from '../report.ts';
import type { Tree } from './yaml-tree.ts';

/**
 * Puts in what `${NAME}` and `${NAME:-default}` stand for, as Express Gateway does when it reads the file; what is not
 * known stays. Secrets are the exception: {@link variableIn} finds their names before.
 */
function resolveVariables(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly text: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const result = text.replace(
    /\$\{([A-Za-z_]\w*)(?::?-([^}]*))?\}/g,
    (whole, name: string, fallback?: string) => {
      const value = env[name] ?? fallback;
      if (value === undefined) missing.push(name);
      return value ?? whole;
    },
  );
  return { text: result, missing };
}

/** The name of the variable that a text is, if it is nothing but that. */
export function variableIn(text: string): string | undefined {
  return /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(text)?.[1];
}

/** A value with its variables put in, and those reported. */
export function resolved(
  tree: Tree,
  env: Readonly<Record<string, string | undefined>>,
  report: ReportWriter,
): Tree {
  if (tree.type === 'map')
    return {
      ...tree,
      entries: tree.entries.map(([key, value]) => [key, resolved(value, env, report)] as const),
    };
  if (tree.type === 'list') return { ...tree, items: tree.items.map((item) => resolved(item, env, report)) };
  if (
    typeof tree.value !== 'string' ||
    !tree.value.includes('${') ||
    (variableIn(tree.value) !== undefined && isSecretPlace(tree.value))
  )
    return tree;
  const { text, missing } = resolveVariables(tree.value, env);
  const names = [...tree.value.matchAll(/\$\{([A-Za-z_]\w*)/g)].map(([, name]) => name).join(', ');
  if (missing.length > 0 || text === tree.value) return tree;
  report.approximate(
    `\${${names}}`,
    'its value of now',
    `write \${${names.toUpperCase()}} in the result where it should stay a variable`,
    tree.place,
  );
  return { ...tree, value: text };
}

/** Whether the name of a variable promises a secret, which is never put in. */
function isSecretPlace(text: string): boolean {
  return /secret|token|passw|key|credential|auth/i.test(text);
}
