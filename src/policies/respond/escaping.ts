/** Makes the value of a variable harmless in a body of one type. */
export interface Escaper {
  /** Whether the type is markup, where the place of a value matters as well. */
  readonly isMarkup: boolean;
  readonly escape: (value: string) => string;
}

const plain: Escaper = { isMarkup: false, escape: (value) => value };
const json: Escaper = { isMarkup: false, escape: (value) => JSON.stringify(value).slice(1, -1) };
const markup: Escaper = { isMarkup: true, escape: escapeMarkup };

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** How values are escaped in a body of that media type; undefined when nobody knows. */
export function escaperFor(contentType: string): Escaper | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/plain') return plain;
  if (type === 'application/json' || type.endsWith('+json')) return json;
  if (type === 'text/html' || type === 'text/xml' || type === 'application/xml' || type.endsWith('+xml'))
    return markup;
  return undefined;
}

/** Controls but tab and line breaks have no place in XML 1.0 (§2.2), not even as references. */
function escapeMarkup(value: string): string {
  return value
    .toWellFormed()
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '\ufffd')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
