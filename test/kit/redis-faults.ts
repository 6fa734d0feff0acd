import { askRedis, freePort, type RedisServer } from './redis-server.ts';

/** Something that befalls a Redis. */
export interface RedisFault {
  readonly begin: (redis: RedisServer) => Promise<unknown>;
  readonly end: (redis: RedisServer) => Promise<unknown>;
}

/** The password of a Redis that asks for one all of a sudden. */
const password = 'secret';

/** What can befall a Redis, and how it ends. */
export const redisFaults: Readonly<Record<string, RedisFault>> = {
  killed: { begin: (redis) => redis.kill(), end: (redis) => redis.start() },
  stopped: {
    begin: async (redis) => {
      redis.signal('SIGSTOP');
    },
    end: async (redis) => {
      redis.signal('SIGCONT');
    },
  },
  // It ends by itself: nobody can tell it anything meanwhile.
  paused: {
    begin: (redis) => redis.ask('CLIENT', 'PAUSE', '2000', 'ALL'),
    end: (redis) => redis.ask('PING'),
  },
  'out of memory': {
    begin: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '1'),
    end: (redis) => redis.ask('CONFIG', 'SET', 'maxmemory', '0'),
  },
  'made a replica': {
    begin: async (redis) => redis.ask('REPLICAOF', '127.0.0.1', String(await freePort())),
    end: (redis) => redis.ask('REPLICAOF', 'NO', 'ONE'),
  },
  'asking for a password': {
    begin: async (redis) => {
      await redis.ask('CONFIG', 'SET', 'requirepass', password);
      // Who is there already need not give it.
      await askRedis(redis.port, ['CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'], { password });
    },
    end: (redis) => askRedis(redis.port, ['CONFIG', 'SET', 'requirepass', ''], { password }),
  },
};
