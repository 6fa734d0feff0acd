/**
 * How this command is called, for hints that somebody pastes: with `npx`, which it was started with, it is not on the path.
 * @param env the environment; npm says there what it runs (`npm help scripts`).
 */
export function commandName(env: NodeJS.ProcessEnv): string {
  const byNpx =
    env['npm_lifecycle_event'] === 'npx' && /^'?waygate\b/.test(env['npm_lifecycle_script'] ?? '');
  return byNpx ? 'npx waygate' : 'waygate';
}
