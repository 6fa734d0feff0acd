import type { ErrorCode } from 'yaml';

interface Words {
  readonly found: string;
  readonly remedy: string;
}

/** What is wrong with the YAML, in our words; the library's own where we have none. */
export function describeYamlError(code: ErrorCode, message: string): Words {
  const unclosed = /Missing closing (["'])quote/.exec(message)?.[1];
  if (unclosed !== undefined)
    return { found: `the text has no closing ${unclosed}`, remedy: `close it with ${unclosed}` };
  const flow = /^Flow (map|sequence) in block collection must be .* end with a (.)/.exec(message);
  if (flow !== null)
    return {
      found: `the ${flow[1] === 'map' ? 'mapping in { }' : 'list in [ ]'} is not closed`,
      remedy: `close it with ${flow[2]}`,
    };
  return byMessage.find(([start]) => message.startsWith(start))?.[1] ?? byCode[code] ?? plain(message);
}

const keyAndValue = 'write "key: value", or "- item" in a list';

const byMessage: readonly (readonly [start: string, words: Words])[] = [
  [
    'Implicit map keys need to be followed by map values',
    { found: 'this line has no colon with a space behind it', remedy: keyAndValue },
  ],
  [
    'Implicit keys need to be on a single line',
    {
      found: 'this key goes over several lines',
      remedy: 'check the indentation, and the colon behind the key',
    },
  ],
  [
    'Nested mappings are not allowed',
    {
      found: 'there is a second "key: value" behind the first',
      remedy: 'put it on a line of its own, or quotes around a text with ": " in it',
    },
  ],
  [
    'All mapping items must start at the same column',
    {
      found: 'this line is not indented like its neighbours',
      remedy: 'give all keys of one mapping the same number of spaces',
    },
  ],
  [
    'All sequence items must start at the same column',
    {
      found: 'this item is not indented like its neighbours',
      remedy: 'give all items of one list the same number of spaces',
    },
  ],
  [
    'Sequence item without - indicator',
    {
      found: 'this is no item of the list above',
      remedy: 'put "- " in front, with a space, or indent it differently',
    },
  ],
  [
    'A block sequence may not be used as an implicit map key',
    { found: 'a list stands where a key is expected', remedy: keyAndValue },
  ],
  [
    'Unexpected scalar at node end',
    {
      found: 'this text does not belong to what stands before it',
      remedy: 'check the indentation, commas and quotes',
    },
  ],
  [
    'Comments must be separated',
    {
      found: 'a comment needs a space in front',
      remedy: 'write " #", or put quotes around a text with # in it',
    },
  ],
];

const byCode: Readonly<Partial<Record<ErrorCode, Words>>> = {
  TAB_AS_INDENT: { found: 'a tab is used as indentation', remedy: 'indent with spaces' },
  MULTIPLE_DOCS: {
    found: 'a second document begins here',
    remedy: 'keep one document a file, without a line of "---" in the middle',
  },
  BAD_SCALAR_START: { found: 'a text cannot begin with this character', remedy: 'put it in quotes' },
  BAD_DQ_ESCAPE: {
    found: 'this escape is not valid',
    remedy: 'write \\\\ for a backslash, or use single quotes',
  },
  KEY_OVER_1024_CHARS: { found: 'this key is longer than 1024 characters', remedy: 'write a shorter key' },
  BAD_DIRECTIVE: { found: 'this directive is not valid', remedy: 'leave it out' },
  BLOCK_IN_FLOW: {
    found: 'an indented list or mapping stands inside { } or [ ]',
    remedy: 'write it within { } or [ ] as well',
  },
  TAG_RESOLVE_FAILED: { found: 'this tag is not supported', remedy: 'leave it out' },
  BAD_ALIAS: {
    found: 'this alias or anchor is not valid',
    remedy: 'write &name for an anchor and *name for an alias',
  },
  ALIAS_PROPS: { found: 'an alias has an anchor or a tag of its own', remedy: 'leave it out' },
  MULTIPLE_ANCHORS: { found: 'a value has two anchors', remedy: 'keep one of them' },
  MULTIPLE_TAGS: { found: 'a value has two tags', remedy: 'leave them out' },
  BAD_INDENT: {
    found: 'this line is not indented as it should be',
    remedy: 'give lines that belong together the same number of spaces',
  },
  UNEXPECTED_TOKEN: {
    found: 'this is not expected here',
    remedy: 'check the indentation, brackets, commas and quotes around it',
  },
  RESOURCE_EXHAUSTION: { found: 'this is nested too deeply', remedy: 'write it flatter' },
};

function plain(message: string): Words {
  return {
    found: `this is not valid YAML: ${message.replace(/\s+/g, ' ')}`,
    remedy: 'check the indentation, brackets, commas and quotes around it',
  };
}
