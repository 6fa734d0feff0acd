import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import { socketOptions } from '../http1/socket-options.ts';
import { answerConnection } from './answer-connection.ts';
import { MemorySocket, systemError } from './memory-socket.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { echo, type TargetAnswer } from './target-answer.ts';

/** A service in memory: it records what it gets, and answers what it is told to. */
export interface FakeTarget {
  /** What has come, in order; each is there as soon as its head is. */
  readonly requests: readonly RecordedRequest[];
  /** Requests, and connections, that wait: for time to pass, for a function, or for ever. */
  readonly waiting: number;
  /**
   * How the next connections are answered, one each, in the order in which the gateway makes them; afterwards what
   * {@link always} said. Each request comes over a connection of its own, those that are repeated too.
   */
  answer(...answers: TargetAnswer[]): void;
  /** How all are answered that {@link answer} says nothing about: with status 200 and a JSON of what came, unless said otherwise. */
  always(answer: TargetAnswer): void;
  /** Forgets what has come, and what {@link answer} has said. */
  clear(): void;
  /**
   * A connection to it, as the gateway makes them.
   * @param label the target in the configuration, as `host:port`.
   * @param event what the connection says when it stands.
   */
  connect(label: string, event: 'connect' | 'secureConnect', clock?: Clock): Socket;
}

/** Makes a service in memory, for `createTestGateway`. @param always see {@link FakeTarget.always}. */
export function fakeTarget(always: TargetAnswer = echo): FakeTarget {
  return new ScriptedTarget(always);
}

class ScriptedTarget implements FakeTarget {
  readonly #requests: RecordedRequest[] = [];
  #always: TargetAnswer;
  #next: TargetAnswer[] = [];
  waiting = 0;

  constructor(always: TargetAnswer) {
    this.#always = always;
  }

  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  answer(...answers: TargetAnswer[]): void {
    this.#next.push(...answers);
  }

  always(answer: TargetAnswer): void {
    this.#always = answer;
  }

  clear(): void {
    this.#requests.length = 0;
    this.#next = [];
  }

  connect(label: string, event: 'connect' | 'secureConnect', clock: Clock = systemClock): Socket {
    const answer = this.#next.shift() ?? this.#always;
    const near = new MemorySocket(event, socketOptions);
    if (answer === 'unreachable') {
      this.#waitFor(near);
      return near;
    }
    setImmediate(() => {
      if (answer === 'refuse') {
        near.destroy(systemError('ECONNREFUSED', 'connect', `ECONNREFUSED ${label}`));
        return;
      }
      const far = new MemorySocket();
      answerConnection(far, {
        label,
        answer,
        clock,
        onRequest: (request) => void this.#requests.push(request),
        onWait: (waits) => void (this.waiting += waits ? 1 : -1),
      });
      MemorySocket.join(near, far);
    });
    return near;
  }

  #waitFor(socket: Socket): void {
    this.waiting++;
    socket.once('close', () => this.waiting--);
  }
}
