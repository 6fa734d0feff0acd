import { dirname, resolve } from 'node:path';
import type { ReportWriter } from '../report.ts';
import { readSourceText } from '../read-source-text.ts';
import { ImportFailure } from '../import-failure.ts';
import { parseNginx, type Directive } from './parse-nginx.ts';

const maxBytes = 5_000_000;
const maxFiles = 100;
const maxDirectives = 100_000;

/** Files that come with nginx and say nothing about where requests go. */
const harmless =
  /(?:^|\/)(?:mime\.types|(?:fastcgi|scgi|uwsgi|proxy)(?:_params|\.conf)|modules-enabled\/\*\.conf)$/;

/**
 * Reads a file of nginx with the files that it includes by plain paths that are there. Others are reported.
 * @throws ImportFailure when a file cannot be read as one of nginx.
 */
export function loadNginx(file: string, report: ReportWriter): Directive[] {
  const root = resolve(file);
  const folder = dirname(root);
  let files = 0;
  let directives = 0;
  const load = (path: string, above: readonly string[]): Directive[] => {
    if (++files > maxFiles)
      throw new ImportFailure(`${file} includes more than ${maxFiles} files.`, 'Import them one by one.');
    return expand(parseNginx(readSourceText(path, maxBytes), path), [...above, path]);
  };
  const expand = (list: readonly Directive[], above: readonly string[]): Directive[] =>
    list.flatMap((directive): Directive[] => {
      if (++directives > maxDirectives)
        throw new ImportFailure(
          `${file} has more than ${maxDirectives} directives.`,
          'Import its parts one by one.',
        );
      if (directive.name === 'include' && directive.block === undefined) return include(directive, above);
      return [
        directive.block === undefined ? directive : { ...directive, block: expand(directive.block, above) },
      ];
    });
  const include = ({ args, place }: Directive, above: readonly string[]): Directive[] => {
    const [name = ''] = args;
    if (harmless.test(name)) {
      report.translate(`include ${name}`, 'nothing: it says nothing about where requests go', place);
      return [];
    }
    const path = resolve(folder, name);
    if (above.includes(path)) {
      report.leaveOut(`include ${name}`, 'it includes itself', 'take the line out', place);
      return [];
    }
    // Names alone: what lies elsewhere on this machine is not part of what was asked for.
    if (/[*?[\]$]/.test(name) || name === '' || !path.startsWith(`${folder}/`)) {
      const remedy = 'copy the files beside this one and name each, or import each by itself';
      report.leaveOut(
        `include ${name}`,
        'only files beside this one, by their names, are read',
        remedy,
        place,
      );
      return [];
    }
    try {
      return load(path, above);
    } catch (error) {
      if (!(error instanceof ImportFailure)) throw error;
      report.leaveOut(`include ${name}`, error.message, error.remedy, place);
      return [];
    }
  };
  return load(root, []);
}
