import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { onFinish } from './finish.ts';
import type { TestGateway, TestGatewayOptions } from './start-gateway.ts';
import { startGateway } from './start-gateway.ts';

/** A folder of its own for the files of a test. */
export class ConfigFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), 'waygate-test-'));

  /** The path of a file in it. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file in place, as an editor or `cat >` does: cut off first, then filled. */
  write(name: string, content: string | ConfigInput): string {
    const file = this.file(name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
    return file;
  }

  /** Writes a file beside it and renames that over it, as careful programs do. */
  replace(name: string, content: string | ConfigInput): string {
    renameSync(this.write(`${name}.new`, content), this.file(name));
    return this.file(name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Makes a folder; it is gone when the test ends. */
export function createConfigFolder(t: TestContext): ConfigFolder {
  const folder = new ConfigFolder();
  onFinish(t, 'checks', () => folder.remove());
  return folder;
}

/** A gateway for a test that takes its configuration from a file, and watches that. */
export async function startGatewayOn(
  t: TestContext,
  file: string,
  options: TestGatewayOptions = {},
): Promise<TestGateway> {
  // Where a file is named, what stands here is not looked at.
  return startGateway(t, { routes: [] }, { ...options, configFile: file });
}
