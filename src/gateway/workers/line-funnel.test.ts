import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../test/kit/eventually.ts';
import type { Destination } from '../../observe/destination.ts';
import type { HeldDestination } from '../../observe/standard-destination.ts';
import { LineFunnel } from './line-funnel.ts';

/** A destination that does what a test says, and remembers what it got. */
class Output {
  written = '';
  /** How each write ends: octets taken, or the code of an error; all of them when there is nothing left. */
  readonly plan: (number | string)[] = [];
  held = false;
  released = 0;
  #waiting: (() => void) | undefined;

  readonly take: Destination = (octets, done) => {
    const write = (): void => {
      const next = this.plan.shift() ?? octets.length;
      if (typeof next === 'string') {
        done(Object.assign(new Error(next), { code: next }), 0);
        return;
      }
      this.written += Buffer.from(octets.subarray(0, next)).toString();
      done(null, Math.min(next, octets.length));
    };
    if (this.held) this.#waiting = write;
    else setImmediate(write);
  };

  readonly open = (): HeldDestination => ({
    destination: this.take,
    release: () => void this.released++,
  });

  letGo(): void {
    this.held = false;
    this.#waiting?.();
  }
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test('each batch is written to its end before another has its turn, however little is taken at once', async () => {
  const output = new Output();
  output.plan.push(1, 2, 'EAGAIN', 1);
  const funnel = new LineFunnel(output.open);
  const done: string[] = [];
  for (const text of ['first\n', 'second\n', 'third\n'])
    funnel.write(encode(text), (code) => done.push(`${text.trim()} ${code}`));
  await eventually(() => done.length === 3, 'all is written');
  assert.equal(output.written, 'first\nsecond\nthird\n');
  assert.deepEqual(done, ['first undefined', 'second undefined', 'third undefined']);
  await funnel.close();
  assert.equal(output.released, 1);
});

test('who has handed over a batch is told why it will never be written', async () => {
  const output = new Output();
  output.plan.push('EPIPE');
  const funnel = new LineFunnel(output.open);
  const codes: (string | undefined)[] = [];
  for (const text of ['first\n', 'second\n']) funnel.write(encode(text), (code) => codes.push(code));
  await eventually(() => codes.length === 2, 'both are told');
  assert.deepEqual(codes, ['EPIPE', undefined]);
  await funnel.close();
});

test('closing waits for what is under way', async () => {
  const output = new Output();
  output.held = true;
  const funnel = new LineFunnel(output.open);
  funnel.write(encode('line\n'), () => {});
  const closed = funnel.close();
  assert.equal(output.released, 0);
  output.letGo();
  await closed;
  assert.equal(output.written, 'line\n');
  assert.equal(output.released, 1);
});

test('a destination that never takes anything does not hold up the end', async () => {
  const output = new Output();
  output.held = true;
  const funnel = new LineFunnel(output.open);
  const codes: (string | undefined)[] = [];
  for (const text of ['first\n', 'second\n']) funnel.write(encode(text), (code) => codes.push(code));
  await funnel.close();
  assert.deepEqual(codes, ['EBADF', 'EBADF']);
  assert.equal(output.released, 0, 'a write is still under way');
  output.letGo();
  assert.equal(output.released, 1);
  let late: string | undefined;
  funnel.write(encode('late\n'), (code) => (late = code));
  assert.equal(late, 'EBADF');
});

test('nothing is opened while nothing is written', async () => {
  const output = new Output();
  await new LineFunnel(output.open).close();
  assert.equal(output.released, 0);
});
