import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { fakeExchange } from '../../test/kit/fake-exchange.ts';
import { basic } from '../../test/kit/password-digests.ts';
import { benchPolicy } from '../../test/kit/policy-bench.ts';
import { exitOf, workFolder } from '../../test/kit/waygate-command.ts';
import { createPaint } from '../observe/paint.ts';
import { basicAuth } from '../policies/basic-auth/basic-auth.ts';
import { createUser, type UserRequest } from './commands/user-create.ts';
import { Failure } from './failure.ts';

/** Standard input of a test: what is typed on a terminal, or comes through a pipe. */
class Input extends EventEmitter {
  readonly isTTY: boolean;
  readonly raw: boolean[] = [];
  readonly #pieces: (string | Uint8Array)[];

  constructor(pieces: readonly (string | Uint8Array)[], isTTY = false) {
    super();
    this.#pieces = [...pieces];
    this.isTTY = isTTY;
  }

  setRawMode(raw: boolean): void {
    this.raw.push(raw);
  }

  resume(): void {
    setImmediate(() => {
      const pieces = this.isTTY ? this.#pieces.splice(0, 1) : this.#pieces.splice(0);
      for (const piece of pieces) this.emit('data', Buffer.from(piece as string));
      if (!this.isTTY) this.emit('end');
    });
  }

  pause(): void {}
}

async function run(input: Input, request: UserRequest) {
  let [out, err] = ['', ''];
  const paint = createPaint(false);
  const terminal = {
    out: (more: string) => void (out += more),
    err: (more: string) => void (err += more),
    ...{ flushed: () => Promise.resolve(undefined), paint, errPaint: paint },
    ...{ interactive: false, color: { out: false, err: false } },
  };
  await createUser(terminal, input, request);
  return { out, err };
}

/** Whether the gateway lets the name and password pass with what was printed. */
async function lets(users: unknown, name: string, password: string): Promise<string | undefined> {
  const policy = benchPolicy(basicAuth, { users } as never);
  const exchange = fakeExchange({ headers: { authorization: basic(name, password) } });
  await policy.instance.onRequest?.(exchange);
  return exchange.consumer?.id;
}

describe('waygate user create', () => {
  for (const [request, password] of [
    [{ name: 'backup' }, 'correct horse'],
    [{ name: 'zo\u00eb: no', group: ['a'] }, undefined],
    [{ name: 'true', group: ['a, b', 'a, b'], scope: ['read'] }, '${HOME} "x": caf\u00e9'],
  ] as const) {
    it(`prints an entry with which the password works: ${JSON.stringify(request)}`, async () => {
      if (password === undefined) {
        await assert.rejects(run(new Input(['x']), request), Failure);
        return;
      }
      const { out, err } = await run(new Input([`${password}\r\n`]), request);
      const users: unknown = parse(/\n( {3}- name:[^]*?)\n\n/.exec(out)?.[1]?.replaceAll('$${', '${') ?? '');
      assert.equal(await lets(users, request.name, password), request.name);
      assert.equal(err, '', 'a pipe is asked nothing');
      assert.ok(!out.includes(password));
    });
  }

  it('asks twice on a terminal, and shows nothing of what is typed', async () => {
    // A character that is taken back, a line that is thrown away.
    const input = new Input(['wrong\u0015correct\u00e9\u007f hors', 'e\r', 'correct horse\n'], true);
    const asked: UserRequest = { name: 'backup', json: true };
    input.on('newListener', (event) => {
      if (event === 'data') input.resume();
    });
    const { out, err } = await run(input, asked);
    assert.equal(err, 'Password of backup: \nThe same once more: \n');
    assert.deepEqual(input.raw, [true, false, true, false]);
    const { entry } = z.object({ entry: z.unknown() }).parse(JSON.parse(out));
    assert.equal(await lets([entry], 'backup', 'correct horse'), 'backup');
  });

  for (const [typed, message] of [
    [['correct horse\r', 'correct house\r'], /two passwords/],
    [['corr\u0003'], /Given up/],
    [['\u0004'], /Given up/],
  ] as const) {
    it(`gives up, and the terminal shows again what is typed: ${JSON.stringify(typed)}`, async () => {
      const input = new Input(typed, true);
      await assert.rejects(run(input, { name: 'a' }), message);
      assert.equal(input.raw.at(-1), false);
    });
  }

  for (const [pieces, request, message] of [
    [['seven77'], { name: 'a' }, /fewer than 8/],
    [[''], { name: 'a' }, /fewer than 8/],
    [['with a\ttab'], { name: 'a' }, /control characters/],
    [['two lines\nof it\n'], { name: 'a' }, /control characters/],
    [['x'.repeat(1024)], { name: 'a' }, /more than 1024 octets/],
    [['x'.repeat(5000)], { name: 'a' }, /too long/],
    [[Buffer.from('caf\u00e9 au lait', 'latin1')], { name: 'a' }, /not UTF-8/],
    [['correct horse'], { name: 'a:b' }, /The name "a:b" cannot be used/],
    [['correct horse'], { name: 'a', group: [''] }, /The group "" cannot be used/],
    [['correct horse'], { name: 'a', scope: ['\n'] }, /The scope "\\n" cannot be used/],
  ] as const) {
    it(`refuses ${JSON.stringify([request, String(pieces[0]).slice(0, 12)])}`, async () => {
      await assert.rejects(
        run(new Input(pieces), request),
        (error) => error instanceof Failure && message.test(error.message) && error.exitCode === 2,
      );
    });
  }

  it('is a command that reads from a pipe, and never from its arguments', async (t) => {
    const start = (args: readonly string[]) =>
      spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'user', 'create', ...args], {
        cwd: workFolder(t),
        stdio: 'pipe',
      });
    const child = start(['backup', '--json', '-g', 'tools']);
    child.stdin.end('correct horse\n');
    const [out, code] = await Promise.all([text(child.stdout), exitOf(child)]);
    assert.equal(code, 0);
    const { entry } = z.object({ entry: z.object({ groups: z.array(z.string()) }) }).parse(JSON.parse(out));
    assert.deepEqual(entry.groups, ['tools']);
    const wrong = start(['backup', 'correct horse']);
    wrong.stdin.end();
    wrong.stdout.resume();
    wrong.stderr.resume();
    assert.equal(await exitOf(wrong), 2);
  });
});
