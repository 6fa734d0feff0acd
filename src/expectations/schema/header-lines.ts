import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { isFieldName, isFieldValue } from '../../http/field.ts';
import { scalar, textMatch } from './text-match.ts';

const headerName = z.string().refine(isFieldName, {
  error: (issue) => withRemedy(`${foundIn(issue.input)} is not a header name`, 'write letters, digits and "-"'),
});

const headerValue = scalar.transform(String).refine((value) => isFieldValue(asOctets(value)), {
  error: (issue) =>
    withRemedy(`${foundIn(issue.input)} is no value of a header`, 'write it without line breaks and control characters'),
});

/** Header lines to send: by name a value, or a list of values for as many lines. */
export const headersToSend = z
  .record(headerName, z.union([headerValue, z.array(headerValue)]))
  .transform((headers) =>
    Object.entries(headers).flatMap(([name, values]) =>
      [values].flat().map((value): readonly [string, string] => [name, asOctets(value)]),
    ),
  );

/** What headers must be: by name one value (that of several lines is joined by ", "), or a list with the value of each line. */
export const headersMatch = z
  .record(headerName, z.union([textMatch, z.array(textMatch).min(1)]))
  .transform((headers) => Object.entries(headers));

/** What one header must be. */
export type HeadersMatch = z.output<typeof headersMatch>;

/** Text beyond latin1 goes onto the wire octet by octet, as UTF-8. */
function asOctets(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}
