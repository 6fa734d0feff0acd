import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { dirname, join } from 'node:path';

const compiled = join(import.meta.dirname, '.tmp/programs');

/**
 * Takes the types out of the rivals' programs, so that they start as JavaScript does: Waygate is compiled, and Node would load
 * the compiler first for each of them.
 */
export function compilePrograms(): void {
  const programs = readdirSync(join(import.meta.dirname, 'programs')).map((name) => join('programs', name));
  for (const name of [...programs, 'routes.ts']) compile(name, compiled);
}

/** Where {@link compilePrograms} leaves a program. */
export function compiledProgram(key: string): string {
  return join(compiled, scriptName(join('programs', `${key}.ts`)));
}

/**
 * Leaves the tutorials' program in a build of Waygate, with its import changed and nothing else. There the name of the package is that
 * build's own.
 * @param build the folder that holds `dist/` and `package.json`.
 */
export function compileDropIn(build: string): void {
  const into = join(build, 'drop-in');
  for (const name of [join('programs', 'environment.ts'), 'routes.ts']) compile(name, into);
  compile(join('programs', 'express-tutorial-4.ts'), into, (source) => {
    const changed = source.replace("from 'http-proxy-middleware'", "from 'waygate/http-proxy-middleware'");
    if (changed === source) throw new Error('The program of the tutorials has no import to change.');
    return changed;
  });
}

/** Where {@link compileDropIn} leaves it. */
export function dropInProgram(build: string): string {
  return join(build, 'drop-in/programs/express-tutorial-4.js');
}

function compile(name: string, into: string, edit: (source: string) => string = (source) => source): void {
  const source = edit(readFileSync(join(import.meta.dirname, name), 'utf8'));
  const file = join(into, scriptName(name));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, stripTypeScriptTypes(source).replaceAll(/(?<=from '\.[^']+)\.ts(?=')/g, '.js'));
}

function scriptName(name: string): string {
  return name.replace(/\.ts$/, '.js');
}
