import type { Environment, Imported } from '../finish-import.ts';
import { ImportFailure } from '../import-failure.ts';
import { importExpress } from './import-express.ts';
import { errorText, remedyForError } from './program-error.ts';
import type { Recording } from './recorder/recording.ts';
import { runProgram } from './run-program.ts';

/**
 * Runs a program up to its `listen`, and makes a draft of the proxies in it.
 * @param patience milliseconds that it may take.
 * @param folder what files are named relative to in comments.
 * @throws ImportFailure when it cannot be run, or fails before it has made a proxy.
 */
export async function readExpressApp(
  program: string,
  patience: number,
  folder: string,
  env: Environment,
): Promise<Imported> {
  const recording = await runProgram(program, patience, env);
  const { calls, error, outcome } = recording;
  if (calls.length === 0) {
    if (error !== undefined) {
      const line = error.place === undefined ? '' : ` (${error.place.file}:${error.place.line})`;
      throw new ImportFailure(
        `${program} threw before it had made a proxy: ${errorText(error)}${line}`,
        sentence(remedyForError(error)),
      );
    }
    throw new ImportFailure(
      `${program} makes no proxy with http-proxy-middleware or express-http-proxy.${endings[outcome]}`,
      'Name the file that the app with the createProxyMiddleware calls is started with.',
    );
  }
  return importExpress(recording, program, folder);
}

/** What to say of a program in which no proxy was found, by how it came to its end. */
const endings: Readonly<Record<Recording['outcome'], string>> = {
  listened: '',
  ended: ' It ended without a listen: perhaps it is another file that starts the app.',
  failed: '',
  late: ' It had not come to its listen when the time was over; --wait gives it longer.',
};

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
