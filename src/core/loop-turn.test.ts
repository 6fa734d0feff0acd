import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as afterPoll, setTimeout } from 'node:timers/promises';
import { listen, stopListening } from '../../test/kit/listen.ts';
import { LoopTurn } from './loop-turn.ts';

const noTurn = -1;

describe('LoopTurn', () => {
  const server = createServer();
  let writers: Socket[];
  let readers: Socket[];
  let turn: LoopTurn;

  beforeEach(async () => {
    turn = new LoopTurn();
    writers = [];
    readers = [];
    if (!server.listening) await listen(server);
    const address = server.address();
    assert.ok(typeof address === 'object' && address !== null);
    for (let i = 0; i < 2; i++) {
      const writer = connect(address.port, '127.0.0.1');
      const [reader] = (await once(server, 'connection')) as [Socket];
      writers.push(writer);
      readers.push(reader);
    }
  });

  afterEach(async () => {
    for (const socket of [...writers, ...readers]) socket.destroy();
    await stopListening(server);
  });

  /** Sends on both connections before the loop polls again, and gives what each reader's handler made of it. */
  async function readTogether<Result>(handle: (index: number) => Result): Promise<Result[]> {
    const results: Result[] = [];
    const read = readers.map(async (reader, index) => {
      reader.once('data', () => results.push(handle(index)));
      await once(reader, 'data');
    });
    for (const writer of writers) writer.write('x');
    await Promise.all(read);
    return results;
  }

  it('has no turn where no socket is being read', async () => {
    assert.equal(turn.current(), noTurn);
    await afterPoll();
    assert.equal(turn.current(), noTurn);
    await setTimeout(1);
    assert.equal(turn.current(), noTurn);
  });

  it('is the same turn for two sockets that were both readable when the poll began', async () => {
    const [first, second] = await readTogether(() => {
      turn.open();
      return turn.current();
    });
    assert.notEqual(first, noTurn);
    assert.equal(second, first);
  });

  it('is another turn in the next poll, and none in the immediates in between', async () => {
    const seen: number[] = [];
    const look = (): void => void seen.push(turn.current());
    const handle = (): void => {
      turn.open();
      look();
    };
    await readTogether((index) => {
      if (index > 0) return;
      handle();
      setImmediate(look);
    });
    await readTogether((index) => {
      if (index === 0) handle();
    });
    const [first, between, second] = seen;
    assert.equal(between, noTurn);
    assert.notEqual(first, noTurn);
    assert.notEqual(second, noTurn);
    assert.notEqual(second, first);
  });

  it('has no turn behind a crowd of events, for then it may be two polls', () => {
    turn.open();
    const begun = turn.current();
    assert.notEqual(begun, noTurn);
    for (let event = 0; event < 510; event++) turn.count();
    assert.equal(turn.current(), begun);
    turn.count();
    assert.equal(turn.current(), noTurn);
    turn.open();
    assert.equal(turn.current(), noTurn);
  });

  it('counts a crowd anew in each turn', async () => {
    await readTogether(() => {
      turn.open();
      for (let event = 0; event < 1000; event++) turn.count();
    });
    await readTogether(() => {
      turn.open();
      assert.notEqual(turn.current(), noTurn);
    });
  });
});
