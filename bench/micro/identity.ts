/** What it costs to take out of a request what its client says about who is asking. */
import { HeaderList } from '../../src/http/header-list.ts';
import { LookAlikes } from '../../src/http/look-alikes.ts';
import { Llhttp, REQUEST } from '../../src/http1/llhttp.ts';
import { COMPLETE, MessageReader } from '../../src/http1/message-reader.ts';
import { requestText } from './messages.ts';
import { Meter } from './meter.ts';

const calls = 1_000_000;
const names = ['X-Consumer', 'X-User-Email', 'X-Groups'];

export function identity(meter: Meter): void {
  const reader = new MessageReader(new Llhttp(), REQUEST);
  const forged = requestText.replace('X-Requested-With: XMLHttpRequest', 'x.consumer: admin');
  if (reader.readHead(Buffer.from(requestText, 'latin1'), 0) !== COMPLETE)
    throw new Error('the head is not complete');
  const { text, spans } = reader;
  const clean = new HeaderList(text, spans.slice());
  const [one, three] = [new LookAlikes(names.slice(0, 1)), new LookAlikes(names)];

  meter.time('10 headers, none is removed: one name', calls, () => clean.deleteLookAlikes(one));
  meter.time('10 headers, none is removed: three names', calls, () => clean.deleteLookAlikes(three));
  reader.skipBody();
  reader.clearHead();
  if (reader.readHead(Buffer.from(forged, 'latin1'), 0) !== COMPLETE)
    throw new Error('the head is not complete');
  const dirty = { text: reader.text, spans: reader.spans.slice() };
  meter.time('10 headers, one is removed, and the list made for it', calls, () =>
    new HeaderList(dirty.text, dirty.spans.slice()).deleteLookAlikes(three),
  );
  const set = new Set(names.map((name) => name.toLowerCase()));
  meter.time('naive: every name cut out, in lower case and with hyphens', calls, () =>
    Number(clean.deleteWhere((name) => set.has(name.replace(/[^a-z0-9]/g, '-')))),
  );
}

if (import.meta.main) identity(new Meter());
