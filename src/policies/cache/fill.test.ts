import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { keptHead } from '../../../test/kit/cache-heads.ts';
import type { BodySink } from '../../core/body.ts';
import { GatewayError } from '../../core/errors.ts';
import { HeaderList } from '../../http/header-list.ts';
import { Fill, Gathered, type FillEvents } from './fill.ts';

const head = keptHead({ 'Cache-Control': 'max-age=60' });
const bytes = (text: string): Uint8Array => Buffer.from(text);

/** One client: what it has got, and whether it takes more. */
class Reader implements BodySink {
  text = '';
  ended: 'open' | 'whole' | 'broken' = 'open';
  trailers: HeaderList | undefined;
  takes = true;

  write(chunk: Uint8Array): boolean {
    assert.equal(this.ended, 'open', 'nothing comes behind the end');
    this.text += Buffer.from(chunk).toString();
    return this.takes;
  }

  end(trailers?: HeaderList): void {
    assert.equal(this.ended, 'open', 'it ends once');
    this.trailers = trailers;
    this.ended = 'whole';
  }

  abort(): void {
    assert.equal(this.ended, 'open', 'it ends once');
    this.ended = 'broken';
  }
}

/** A fill under way, the client of the one who asked, and what was heard of it. */
function begin(limit = 1000, gathered = new Gathered()) {
  const fill = new Fill('key', limit, gathered);
  const first = new Reader();
  const heard: string[] = [];
  const source = { pause: () => void heard.push('pause'), resume: () => void heard.push('resume') };
  const events: FillEvents = {
    done: () => void heard.push('done'),
    overflow: () => void heard.push('overflow'),
    unwanted: () => void heard.push('unwanted'),
  };
  fill.begin(head, undefined);
  const stage = fill.stage(first, source, events);
  return { fill, first, heard, stage, gathered };
}

describe('Fill', () => {
  it('gives everybody all of it, whenever they came, each at their own pace', () => {
    const { fill, first, stage } = begin();
    stage.write(bytes('a'));
    const [slow, quick, late] = [new Reader(), new Reader(), new Reader()];
    slow.takes = false;
    const control = fill.feed().start(slow);
    fill.feed().start(quick);
    stage.write(bytes('b'));
    stage.end();
    fill.feed().start(late);
    for (const reader of [first, quick, late]) assert.deepEqual([reader.text, reader.ended], ['ab', 'whole']);
    assert.deepEqual([slow.text, slow.ended], ['a', 'open']);
    slow.takes = true;
    control.resume();
    assert.deepEqual([slow.text, slow.ended], ['ab', 'whole']);
    assert.equal(Buffer.from(fill.whole() ?? []).toString(), 'ab');
  });

  it('keeps memory of its own, not the chunks that came', () => {
    const { fill, stage } = begin();
    const chunk = bytes('abc');
    stage.write(chunk);
    stage.end();
    const whole = fill.whole();
    chunk.fill(0);
    assert.equal(Buffer.from(whole ?? []).toString(), 'abc');
    assert.equal(whole?.buffer.byteLength, 3);
  });

  it('F113: is whole for nobody when it breaks off', async () => {
    const { fill, first, stage } = begin();
    const other = new Reader();
    fill.feed().start(other);
    stage.write(bytes('a'));
    stage.abort(new GatewayError('upstream_body_broken', 'it broke off'));
    for (const reader of [first, other]) assert.deepEqual([reader.text, reader.ended], ['a', 'broken']);
    assert.equal(fill.whole(), undefined);
    assert.equal(fill.joinable, false);
    assert.equal((await fill.outcome).kind, 'begun');
    const late = new Reader();
    fill.feed().start(late);
    assert.equal(late.ended, 'broken');
  });

  it('is over for a client that goes away, and for nobody else', () => {
    const { fill, first, stage } = begin();
    const gone = new Reader();
    const control = fill.feed().start(gone);
    stage.write(bytes('a'));
    control.cancel();
    stage.write(bytes('b'));
    stage.end();
    assert.deepEqual([gone.text, gone.ended], ['a', 'open']);
    assert.deepEqual([first.text, first.ended], ['ab', 'whole']);
  });

  it('gives trailers to the one who asked', () => {
    const { fill, first, stage } = begin();
    const other = new Reader();
    fill.feed().start(other);
    const trailers = new HeaderList();
    stage.end(trailers);
    assert.deepEqual([first.trailers, other.trailers], [trailers, undefined]);
  });

  it('F117: passes on what is too large at the pace of the slowest, and keeps none of it', () => {
    const { fill, first, heard, stage } = begin(10);
    const slow = new Reader();
    slow.takes = false;
    const control = fill.feed().start(slow);
    const chunk = new Uint8Array(100_000).fill(97);
    assert.ok(stage.write(chunk));
    assert.deepEqual(heard, ['overflow']);
    assert.equal(fill.joinable, false);
    stage.write(chunk);
    stage.write(chunk);
    // What the slowest has not read is all that is held.
    assert.equal(stage.write(chunk), false);
    assert.equal(first.text.length, 400_000);
    slow.takes = true;
    control.resume();
    assert.deepEqual(
      heard.filter((event) => event === 'resume'),
      ['resume'],
    );
    stage.end();
    assert.deepEqual([slow.text.length, slow.ended], [400_000, 'whole']);
    assert.equal(fill.whole(), undefined);
  });

  it('says that what is too large is wanted by nobody else', () => {
    const { fill, heard, stage } = begin(10);
    const other = new Reader();
    const control = fill.feed().start(other);
    stage.write(new Uint8Array(20));
    assert.deepEqual(heard, ['overflow']);
    control.cancel();
    assert.ok(heard.includes('unwanted'));
  });

  it('never begins in the middle: who joined in time but starts too late is cut off', () => {
    const { fill, stage } = begin(10);
    const feed = fill.feed();
    stage.write(bytes('0123456789'));
    stage.write(bytes('x'));
    const late = new Reader();
    feed.start(late);
    assert.deepEqual([late.text, late.ended], ['', 'broken']);
    stage.end();
  });

  it('F117: counts what all of them gather, until it is kept and read', () => {
    const gathered = new Gathered();
    const one = begin(1000, gathered);
    const other = begin(1000, gathered);
    const slow = new Reader();
    slow.takes = false;
    const control = one.fill.feed().start(slow);
    one.stage.write(new Uint8Array(100));
    one.stage.write(new Uint8Array(100));
    other.stage.write(new Uint8Array(50));
    assert.equal(gathered.octets, 250);
    one.stage.end();
    other.stage.abort(new GatewayError('upstream_body_broken', 'it broke off'));
    assert.equal(gathered.octets, 200);
    control.cancel();
    assert.equal(gathered.octets, 0);
  });

  it('gives everybody a prefix of it, and to those who are not cut off all of it, in any order of things', () => {
    const act = fc.oneof(
      fc.record({ act: fc.constant('write' as const), size: fc.integer({ min: 1, max: 6 }) }),
      fc.record({ act: fc.constantFrom('join', 'pause', 'resume', 'cancel'), who: fc.nat(3) }),
    );
    fc.assert(
      fc.property(
        fc.array(act, { maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 5, max: 60 }),
        (acts, whole, limit) => {
          const { fill, first, stage, gathered } = begin(limit);
          const clients: { reader: Reader; control: { resume(): void; cancel(): void }; gone: boolean }[] =
            [];
          let sent = '';
          for (const step of acts) {
            if ('size' in step) {
              const text = 'abcdefghij'
                .repeat(9)
                .slice(sent.length % 10)
                .slice(0, step.size);
              sent += text;
              stage.write(bytes(text));
              continue;
            }
            const client = clients[step.who];
            if (step.act === 'join' && fill.joinable) {
              const reader = new Reader();
              clients.push({ reader, control: fill.feed().start(reader), gone: false });
            }
            if (client === undefined) continue;
            if (step.act === 'pause') client.reader.takes = false;
            if (step.act === 'resume') {
              client.reader.takes = true;
              client.control.resume();
            }
            if (step.act === 'cancel') {
              client.control.cancel();
              client.gone = true;
            }
          }
          if (whole) stage.end();
          else stage.abort(new GatewayError('upstream_body_broken', 'it broke off'));
          for (const { reader, control, gone } of clients) {
            reader.takes = true;
            control.resume();
            assert.ok(sent.startsWith(reader.text));
            if (gone) continue;
            assert.deepEqual([reader.text, reader.ended], [sent, whole ? 'whole' : 'broken']);
          }
          assert.deepEqual([first.text, first.ended], [sent, whole ? 'whole' : 'broken']);
          assert.equal(gathered.octets, 0);
        },
      ),
    );
  });
});
