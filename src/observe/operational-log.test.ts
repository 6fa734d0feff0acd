import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  createLogger,
  type LogLevel,
  type OperationalLog,
  type OperationalLogOptions,
} from './operational-log.ts';

/** What the log writes while `say` runs. */
async function written(
  options: Partial<OperationalLogOptions>,
  say: (log: OperationalLog) => void,
): Promise<string> {
  let output = '';
  const log = createLogger({
    level: 'info',
    pretty: false,
    write: (octets, done) => {
      output += Buffer.from(octets).toString('utf8');
      done(null, octets.length);
    },
    ...options,
  });
  say(log);
  await log.close();
  return output;
}

describe('the JSON format', () => {
  test('is one object a line: level, time, fields, message', async () => {
    const line = JSON.parse(
      await written({}, (log) => {
        log.info({ port: 3000, file: 'waygate.yaml' }, 'listening');
      }),
    ) as Record<string, unknown>;
    assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(
      { ...line, time: 0 },
      { level: 'info', time: 0, port: 3000, file: 'waygate.yaml', message: 'listening' },
    );
  });

  test('fields named as the log names its own do not replace them', async () => {
    const line = JSON.parse(
      await written({}, (log) => {
        log.warn({ time: 1, level: 2, message: 3 }, 'a');
      }),
    ) as Record<string, unknown>;
    assert.deepEqual(
      [line['level'], line['message'], line['time_'], line['level_'], line['message_']],
      ['warn', 'a', 1, 2, 3],
    );
  });

  test('an error keeps its message, code, stack and cause', async () => {
    const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), { code: 'EPIPE' });
    const { err } = JSON.parse(
      await written({}, (log) => {
        log.error({ err: error }, 'failed');
      }),
    ) as { err: { message: string; code: string; stack: string; cause: { type: string; message: string } } };
    assert.deepEqual(
      [err.message, err.code, err.cause.type, err.cause.message],
      ['outer', 'EPIPE', 'TypeError', 'inner'],
    );
    assert.match(err.stack, /operational-log\.test/);
  });

  test('holds no control character as it is', async () => {
    const output = await written({}, (log) => {
      log.info({ evil: '\x1b[31m\n\u009b\u202e' }, 'a\nb\x7f');
    });
    assert.doesNotMatch(output.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/);
    assert.equal((JSON.parse(output) as { evil: string }).evil, '\x1b[31m\n\u009b\u202e');
  });
});

describe('the format for people', () => {
  test('is time, level, message and fields', async () => {
    const output = await written({ pretty: true }, (log) => {
      log.info({ port: 3000, reason: 'two words', list: [1] }, 'listening');
    });
    assert.match(
      output,
      /^\d\d:\d\d:\d\d\.\d{3} {2}info {3}listening {2}port=3000 {2}reason="two words" {2}list=\[1\]\n$/,
    );
  });

  test('shows sentences below the line, each on its own', async () => {
    const output = await written({ pretty: true }, (log) => {
      log.error({ mistakes: ['a.yaml:1:2  no "x": write\ny', 'another'], words: ['a', 'b'] }, 'wrong');
    });
    const [first = '', ...others] = output.split('\n');
    assert.match(first, /error {2}wrong {2}mistakes=2 {2}words=\["a","b"\]$/);
    assert.deepEqual(others, ['    a.yaml:1:2  no "x": write\\x0ay', '    another', '']);
  });

  test('shows the stack of an error below the line', async () => {
    const output = await written({ pretty: true }, (log) => {
      log.error({ err: new Error('broken\nin two') }, 'failed');
    });
    const [first = '', second = ''] = output.split('\n');
    assert.match(first, /error {2}failed {2}err=broken\\x0ain two$/);
    assert.match(second, /^ {4}at /);
  });

  test('has colours only where asked for, and none of what it is told', async () => {
    const say = (log: OperationalLog): void => {
      log.warn({ a: '\x1b[31m' }, 'b\x1b[0m');
    };
    assert.match(await written({ pretty: true, color: true }, say), /\x1b\[33mwarn/);
    assert.doesNotMatch(await written({ pretty: true }, say), /\x1b/);
  });
});

describe('levels', () => {
  test('what is below the level is left out', async () => {
    const output = await written({ level: 'warn' }, (log) => {
      log.debug({}, 'debug');
      log.info({}, 'info');
      log.warn({}, 'warn');
      log.error({}, 'error');
    });
    assert.deepEqual(output.match(/"message":"\w+"/g), ['"message":"warn"', '"message":"error"']);
  });

  test('the level can change while the log is open', async () => {
    let level: LogLevel = 'error';
    const output = await written({ level: () => level }, (log) => {
      log.info({}, 'before');
      level = 'debug';
      log.debug({}, 'after');
    });
    assert.match(output, /after/);
    assert.doesNotMatch(output, /before/);
  });
});

describe('F195 no secret reaches the log', () => {
  test('in fields, messages and errors, in both formats', async () => {
    for (const pretty of [false, true]) {
      const output = await written({ pretty }, (log) => {
        log.info({ token: 'canary', headers: { cookie: 'canary' } }, 'connecting to redis://u:canary@h');
        log.error({ err: new Error('at http://u:canary@h') }, 'Authorization: Bearer canary');
      });
      assert.doesNotMatch(output, /canary/);
      assert.match(output, /@h/);
    }
  });
});

test('fields that cannot be read cost the fields, not the caller', async () => {
  const output = await written({}, (log) => {
    log.warn(
      {
        toJSON: 1,
        evil: {
          toJSON: () => {
            throw new Error('no');
          },
        },
      },
      'still here',
    );
  });
  assert.match(output, /still here/);
  assert.match(output, /fieldsLost/);
});
