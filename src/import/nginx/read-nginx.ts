import type { Imported } from '../finish-import.ts';
import { ImportFailure } from '../import-failure.ts';
import { ReportWriter } from '../report.ts';
import { importNginx } from './import-nginx.ts';
import { loadNginx } from './load-nginx.ts';

/**
 * Reads a configuration of nginx, and makes a draft of the servers and locations in it.
 * @throws ImportFailure when it cannot be read, or has no server.
 */
export function readNginx(file: string): Promise<Imported> {
  const report = new ReportWriter();
  const top = loadNginx(file, report);
  const inHttp = top.flatMap((each) => (each.name === 'http' ? (each.block ?? []) : [each]));
  if (!inHttp.some(({ name }) => name === 'server')) {
    const included = report.leftOut.length > 0 ? ' Servers may be in files that it includes.' : '';
    return Promise.reject(
      new ImportFailure(
        `${file} has no server.${included}`,
        'Name the file with the servers, such as /etc/nginx/sites-enabled/default.',
      ),
    );
  }
  return Promise.resolve(importNginx(top, file, report));
}
