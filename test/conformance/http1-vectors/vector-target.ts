import { valuesOf } from '../../kit/header-line.ts';
import { openRecordingTarget } from '../../kit/recording-target.ts';
import type { RecordingTarget } from '../../kit/recording-target.ts';
import { answer } from '../../kit/replies.ts';
import type { ResponseParts } from '../../kit/replies.ts';
import type { RecordedRequest } from '../../kit/request-parser.ts';

/** The start of the paths that the runner asks for itself, to see that the next client is still served. */
export const sentinelPath = '/next-client-';

/** The server that the cases are written for; whoever calls closes it. */
export async function openVectorTarget(): Promise<RecordingTarget> {
  return openRecordingTarget({ script: answer(respond) });
}

/**
 * `/echo` gives the request's headers, `/cookie` its cookies, a POST its body, everything else `OK`. Beyond that,
 * OPTIONS gives a 204, so that the case about the length of a 204 has one to look at.
 */
function respond(request: RecordedRequest): ResponseParts {
  const path = request.target.replace(/^https?:\/\/[^/?]*/i, '').replace(/\?.*/, '');
  if (path.startsWith(sentinelPath)) return { body: path };
  if (path === '/echo')
    return { body: request.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('') };
  if (path === '/cookie') return { body: valuesOf(request.headers, 'cookie').join('\r\n') };
  if (request.method === 'POST') return { body: request.body.toString('latin1') };
  if (request.method === 'OPTIONS') return { status: 204, reason: 'No Content' };
  return { headers: [['Content-Type', 'text/plain']], body: 'OK' };
}
