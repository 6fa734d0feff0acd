import { firstLine } from '../printable.ts';
import type { Recording } from './recorder/recording.ts';

type ProgramError = NonNullable<Recording['error']>;

/** What a program threw, on one line: what follows the first is about how Node looks for modules. */
export function errorText({ message }: ProgramError): string {
  const line = firstLine(message);
  return line === '' ? 'an error that says nothing' : line;
}

/** What to do about an error of the program. */
export function remedyForError({ message, code }: ProgramError): string {
  if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
    return /^Cannot find module '(?:[./\\]|file:|[A-Za-z]:\\)/.test(message)
      ? 'see that this file is there; what is compiled or generated has to be so before'
      : 'install what the program needs in its folder: npm install';
  }
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_UNKNOWN_FILE_EXTENSION')
    return 'compile it, and name the JavaScript file';
  if (/^(?:require|module|exports|__dirname|__filename) is not defined in ES module scope/.test(message))
    return 'it is CommonJS, and Node takes it for an ES module: call it .cjs, or .js without "type": "module" in its package.json';
  if (message.startsWith('Cannot use import statement outside a module'))
    return 'it is an ES module, and Node takes it for CommonJS: call it .mjs, or .js with "type": "module" in its package.json';
  return 'mend it, or set what it needs (variables, databases), until "node" runs it';
}
