import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Environment, Imported } from '../finish-import.ts';
import { ImportFailure } from '../import-failure.ts';
import { readSourceText } from '../read-source-text.ts';
import { importExpressGateway } from './import-express-gateway.ts';
import { at, readYamlTree } from './yaml-tree.ts';

const maxBytes = 5_000_000;

/**
 * Reads `gateway.config.yml`, and the `system.config.yml` beside it when there is one, and makes a draft of them.
 * @throws ImportFailure when it cannot be read, or is something else.
 */
export function readExpressGateway(file: string, env: Environment): Promise<Imported> {
  const gateway = readYamlTree(readSourceText(file, maxBytes), file);
  if (at(gateway, 'pipelines') === undefined && at(gateway, 'apiEndpoints') === undefined) {
    return Promise.reject(
      new ImportFailure(
        `${file} has neither pipelines nor apiEndpoints: it is no gateway.config.yml of Express Gateway.`,
        'Name its gateway.config.yml, which is mostly in the folder config.',
      ),
    );
  }
  const beside = join(dirname(file), 'system.config.yml');
  const system = existsSync(beside) ? readYamlTree(readSourceText(beside, maxBytes), beside) : undefined;
  return Promise.resolve(importExpressGateway(gateway, system, file, env));
}
