/** A table of a page, by its columns' names. */
export interface Table {
  /** The heading that it stands under. */
  readonly heading: string;
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, string>>[];
}

/** A fenced block of a page. */
export interface CodeBlock {
  /** The heading that it stands under. */
  readonly heading: string;
  /** The word behind the fence, such as `ts`. */
  readonly language: string;
  readonly text: string;
}

/** Every table of a page, in order. A `|` inside a cell is written `\|`. */
export function readTables(page: string): Table[] {
  const tables: Table[] = [];
  let heading = '';
  let open: { heading: string; columns: string[]; rows: Record<string, string>[] } | undefined;
  for (const line of withoutCode(page).split('\n')) {
    heading = /^#+ (.*)/.exec(line)?.[1] ?? heading;
    if (!line.startsWith('|')) {
      open = undefined;
      continue;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('\\|', '|'));
    if (open === undefined) {
      open = { heading, columns: cells, rows: [] };
      tables.push(open);
    } else if (!cells.every((cell) => /^:?-+:?$/.test(cell))) {
      const { columns } = open;
      open.rows.push(Object.fromEntries(cells.map((cell, i) => [columns[i] ?? '', cell])));
    }
  }
  return tables;
}

/** Every fenced block of a page, in order. */
export function readCodeBlocks(page: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let heading = '';
  let open: { language: string; lines: string[] } | undefined;
  for (const line of page.split('\n')) {
    const fence = /^```(\w*)/.exec(line);
    if (open === undefined) {
      heading = /^#+ (.*)/.exec(line)?.[1] ?? heading;
      if (fence !== null) open = { language: fence[1] ?? '', lines: [] };
    } else if (fence === null) {
      open.lines.push(line);
    } else {
      blocks.push({ heading, language: open.language, text: `${open.lines.join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
}

function withoutCode(page: string): string {
  return page.replace(/^```.*?^```/gms, '');
}
