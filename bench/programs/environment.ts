import { routeNames } from '../routes.ts';

// A program that a signal ends writes no profile.
process.once('SIGTERM', () => process.exit());

/** What a program is told by its environment. */
export const environment = {
  port: Number(process.env['PORT']),
  targetPort: Number(process.env['TARGET_PORT']),
  routes: routeNames(Number(process.env['ROUTES'])),
  observed: process.env['OBSERVED'] === '1',
};
