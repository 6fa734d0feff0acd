/** The names of so many routes. */
export function routeNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `/r${index}`);
}

/** A path below the route in the middle, which is neither the first nor the last to be looked at. */
export function pathOnMiddleRoute(routes: number, path: string): string {
  return `/r${Math.floor(routes / 2)}${path}`;
}
