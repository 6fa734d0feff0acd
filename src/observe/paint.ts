import { styleText } from 'node:util';

/** The colours and weights that logs and commands use. */
export type Colour = 'red' | 'green' | 'yellow' | 'cyan' | 'magenta' | 'bold' | 'dim';

/** Gives text a colour, or returns it unchanged where there are no colours. */
export type Paint = (colour: Colour, text: string) => string;

/** @param color whether the place that the text goes to understands colours. */
export function createPaint(color: boolean): Paint {
  if (!color) return (_, text) => text;
  // The caller has decided already: Node must not look at the stream again.
  return (colour, text) => styleText(colour, text, { validateStream: false });
}

/**
 * Whether to write colours to a stream: `NO_COLOR` (set and not empty) says no, `FORCE_COLOR` yes unless it is 0,
 * otherwise a terminal that is not `dumb` gets them.
 */
export function wantsColor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  const force = env['FORCE_COLOR'];
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false;
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}
