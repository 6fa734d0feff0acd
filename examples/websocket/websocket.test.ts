import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

test('a chat through Waygate: heard in the same room, and in no other', async (t) => {
  const ports = await freePorts('PORT', 'CHAT_PORT');
  const service = startProgram(['examples/websocket/server.ts'], ports);
  onFinish(t, 'targets', async () => void (await service.end('SIGKILL')));
  const gateway = startProgram(['src/cli/main.ts', 'start', 'examples/websocket/waygate.yaml'], ports);
  onFinish(t, 'gateways', async () => void (await gateway.end('SIGKILL')));
  await service.printed('chat on ws://');
  await gateway.printed(ports.PORT);

  const join = async (room: string) => {
    const url = `ws://127.0.0.1:${ports.PORT}/chat/${room}`;
    const client = startProgram(['examples/websocket/client.ts', url]);
    onFinish(t, 'clients', async () => void (await client.end('SIGKILL')));
    await client.printed(`welcome to ${room}`);
    return client;
  };
  const [ada, grace, edsger] = await Promise.all([join('tea'), join('tea'), join('coffee')]);
  ada.say('one lump or two?');
  await Promise.all([ada.printed('one lump or two?'), grace.printed('one lump or two?')]);
  edsger.say('black');
  await edsger.printed('black');
  assert.doesNotMatch(edsger.output(), /lump/);
  assert.doesNotMatch(grace.output(), /black/);
});
