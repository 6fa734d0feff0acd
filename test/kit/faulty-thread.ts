import { runThread } from '../../src/gateway/workers/run-thread.ts';
import { faultPolicy } from './fault-policy.ts';

// A thread of a gateway, as in production but for one policy more.
runThread([faultPolicy]);
