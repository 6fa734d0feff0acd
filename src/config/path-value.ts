import { withRemedy } from '../core/remedy.ts';
import { canonicalPath } from '../http/path.ts';
import { foundIn } from '../core/found-in.ts';

/** What keeps a text from being a canonical path, which is the only kind that a request can have; or undefined. */
export function pathMistake(path: string): string | undefined {
  if (path === '') return withRemedy('the path is empty', 'write / for every path, or leave it out');
  const canonical = canonicalForm(path);
  if (canonical === path) return undefined;
  if (path.includes('://')) {
    return withRemedy(
      `${foundIn(path)} is a URL, not a path`,
      'write the path here, and the host under host:',
    );
  }
  if (!path.startsWith('/'))
    return withRemedy(
      `the path ${foundIn(path)} does not start with a slash`,
      `write ${canonicalForm(`/${path}`) ?? '/…'}`,
    );
  if (/[?#]/.test(path))
    return withRemedy(
      `the path ${foundIn(path)} has more than a path in it`,
      'leave out what stands behind ? or #; conditions on the query go under query:',
    );
  if (canonical === undefined)
    return withRemedy(
      `the path ${foundIn(path)} is refused in requests`,
      'write it without control characters, backslashes and broken % escapes',
    );
  return withRemedy(
    `no request has the path ${foundIn(path)}: paths are made canonical first`,
    `write ${canonical}`,
  );
}

/** The canonical form of a path as one writes it, in which characters beyond ASCII stand as they are. */
function canonicalForm(path: string): string | undefined {
  return canonicalPath(
    path.replace(/ |[^\u0000-\u007f]/gu, (character) => encodeURIComponent(character.toWellFormed())),
  );
}
