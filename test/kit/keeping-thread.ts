import { runThread } from '../../src/gateway/workers/run-thread.ts';
import { keepingPolicy } from './keeping-policy.ts';

// A thread of a gateway, as in production but for a policy that keeps answers.
runThread([keepingPolicy]);
