import { withRemedy } from '../core/remedy.ts';

/** What keeps a text from being a canonical path, or undefined. */
export function pathMistake(path: string): string | undefined {
  if (path === '') return withRemedy('the path is empty', 'write / for every path, or leave it out');
  if (!path.startsWith('/'))
    return withRemedy(`the path ${JSON.stringify(path)} does not start with a slash`, `write /${path}`);
  return undefined;
}
