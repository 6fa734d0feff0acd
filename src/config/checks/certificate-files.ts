import { createHash, X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { fileProblem, type ReadFile } from '../read-file.ts';
import type { ConfigDocument } from '../schema/document.ts';

/** The largest file of certificates, in bytes: that of all public authorities has a quarter. */
const maxBytes = 1024 * 1024;

/** The files of certificate authorities that upstreams name. */
export interface Authorities {
  readonly findings: readonly Finding[];
  /** Absolute paths. */
  readonly files: readonly string[];
  /** The document with absolute paths, so that it no longer matters where the process was started. */
  locate(document: ConfigDocument): ConfigDocument;
}

/** Reads the files of certificate authorities: one that is missing or empty is a mistake now, not at the first request. */
export async function readAuthorities(
  view: DocumentView,
  { folder, readFile }: { readonly folder: string; readonly readFile: ReadFile },
): Promise<Authorities> {
  const findings: Finding[] = [];
  const digests = new Map<string, string>();
  for (const { ca, path } of namedIn(view)) {
    const file = resolve(folder, ca);
    const read = await readAuthority(ca, file, readFile);
    digests.set(file, 'digest' in read ? read.digest : '');
    if ('found' in read) findings.push({ path, ...read });
  }
  const located = <Verification extends { readonly ca: string | undefined }>(
    tls: Verification,
  ): Verification => {
    if (tls.ca === undefined) return tls;
    const ca = resolve(folder, tls.ca);
    return { ...tls, ca, caDigest: digests.get(ca) ?? '' };
  };
  const locate = (document: ConfigDocument): ConfigDocument => {
    const upstreams = Object.entries(document.upstreams).map(
      ([name, upstream]) => [name, { ...upstream, tls: located(upstream.tls) }] as const,
    );
    const { redis } = document;
    return {
      ...document,
      upstreams: Object.fromEntries(upstreams),
      redis: redis?.tls === undefined ? redis : { ...redis, tls: located(redis.tls) },
    };
  };
  return { findings, files: [...digests.keys()], locate };
}

/** The files as they are written, each with its place. */
function namedIn({
  upstreams,
  redis,
}: DocumentView): { readonly ca: string; readonly path: readonly string[] }[] {
  const named = [...(upstreams ?? [])].map(([name, upstream]) => ({
    ca: upstream?.tls.ca,
    path: ['upstreams', name, 'tls', 'ca'],
  }));
  named.push({ ca: redis?.tls?.ca, path: ['redis', 'tls', 'ca'] });
  return named.flatMap(({ ca, path }) => (ca === undefined ? [] : [{ ca, path }]));
}

async function readAuthority(
  name: string,
  file: string,
  readFile: ReadFile,
): Promise<Omit<Finding, 'path'> | { readonly digest: string }> {
  const shown = `the file ${JSON.stringify(name)}`;
  try {
    const bytes = await readFile(file, maxBytes);
    if (bytes.length > maxBytes)
      return { found: `${shown} is larger than 1 MB`, remedy: 'name a file of certificates in PEM' };
    const text = new TextDecoder().decode(bytes);
    const certificates = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g);
    if (certificates === null)
      return {
        found: `${shown} contains no certificate in PEM`,
        remedy: 'name a file with -----BEGIN CERTIFICATE----- in it',
      };
    if (certificates.every(isCertificate)) {
      return { digest: createHash('sha256').update(bytes).digest('hex').slice(0, 16) };
    }
    return {
      found: `${shown} contains a certificate that cannot be read`,
      remedy: 'export it again, in PEM',
    };
  } catch (error) {
    const { problem, remedy } = fileProblem(error);
    return { found: `${shown} ${problem}`, remedy };
  }
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
