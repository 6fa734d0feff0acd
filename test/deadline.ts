/**
 * Preloaded by `npm test` into the test runner and into each test file's process. A file that does not end by
 * itself says what keeps it alive, and fails; so does a run that takes too long as a whole.
 */
const isTestFile = process.env['NODE_TEST_CONTEXT'] !== undefined;
const minutes = isTestFile ? 5 : 18;

setTimeout(() => {
  const what = isTestFile ? (process.argv[1] ?? 'a test file') : 'the test run';
  console.error(
    `${what} did not end within ${minutes} minutes. Still open: ${process.getActiveResourcesInfo().join(', ')}`,
  );
  process.exit(1);
}, minutes * 60_000).unref();
