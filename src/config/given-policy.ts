/**
 * A definition that stands under `policyModules` itself. An instance and no plain object, so that nobody on the way to the
 * schema copies it or looks for `${…}` in it.
 */
export class GivenPolicy {
  /** Whatever the program put there. */
  readonly definition: unknown;

  constructor(definition: unknown) {
    this.definition = definition;
  }
}
