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
  for (const name of [...programs, 'routes.ts']) {
    const source = readFileSync(join(import.meta.dirname, name), 'utf8');
    const file = join(compiled, scriptName(name));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, stripTypeScriptTypes(source).replaceAll(/(?<=from '\.[^']+)\.ts(?=')/g, '.js'));
  }
}

/** Where {@link compilePrograms} leaves a program. */
export function compiledProgram(key: string): string {
  return join(compiled, scriptName(join('programs', `${key}.ts`)));
}

function scriptName(name: string): string {
  return name.replace(/\.ts$/, '.js');
}
