import { recordCall, type Handler } from './state.ts';

/** Stands for express-http-proxy in the program: the module is the function. */
function proxy(...args: unknown[]): Handler {
  return recordCall('express-http-proxy', 'proxy', args);
}

export default proxy;
export { proxy as 'module.exports' };
