#!/usr/bin/env node
const oldest = 24;

// Said before anything else is loaded: older versions fail over syntax or a missing function, with words that help nobody.
if (Number(process.versions.node.split('.', 1)[0]) < oldest) {
  process.stderr.write(`Waygate needs Node ${oldest} or newer; this is ${process.versions.node}.\n`);
  process.exitCode = 1;
} else {
  const { keepCompiledCode } = await import('./compile-cache.ts');
  keepCompiledCode(process.env);
  const { run } = await import('./run.ts');
  // Whatever a library may still hold open, the command is over.
  process.exit(await run(process.argv.slice(2)));
}
