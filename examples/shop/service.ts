import type { Express, NextFunction, Request, Response } from 'express';

/** An error that a client sees as it is. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/**
 * Answers errors as JSON and starts a service on the port that `PORT` names. Prints one line when it is ready, and
 * ends within a moment of SIGTERM.
 */
export function startService(name: string, app: Express): void {
  app.use((request, _response, next) => {
    next(new HttpError(404, `${name}: nothing at ${request.path}`));
  });
  app.use(answerError);
  const port = Number(process.env['PORT']);
  const server = app.listen(port, '127.0.0.1', (error?: Error) => {
    if (error !== undefined) throw error;
    console.log(`ready on http://127.0.0.1:${port}`);
  });
  process.once('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
  });
}

/** A whole number out of the path or the query; anything else is the client's mistake. */
export function readNumber(value: unknown, what: string, max: number): number {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= max)) throw new HttpError(400, `${what} must be a whole number of at most ${max}`);
  return number;
}

/** A text field of a JSON body. */
export function readText(body: unknown, field: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
  if (typeof value !== 'string' || value.trim() === '') throw new HttpError(422, `${field} must be a text`);
  return value;
}

// Express knows an error handler by its four parameters.
function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) {
    next(error);
    return;
  }
  const status = statusOf(error);
  response
    .status(status)
    .json({ error: status < 500 && error instanceof Error ? error.message : 'internal error' });
}

function statusOf(error: unknown): number {
  if (error instanceof HttpError) return error.status;
  // What express.json() throws for a body that is not JSON carries a status, too.
  const status: unknown = error instanceof Error ? Reflect.get(error, 'status') : undefined;
  return typeof status === 'number' ? status : 500;
}
