import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/** Reads a file, but not more than one byte beyond the limit, so that a caller sees that there is more. */
export type ReadFile = (path: string, limit: number) => Promise<Uint8Array>;

/** Why a file could not be read: the rest of a sentence that begins with the file, and what to do. */
export interface FileProblem {
  readonly problem: string;
  readonly remedy: string;
}

/** Reads a regular file from the disk. Devices and pipes are refused, for they may have no end. */
export const readFileFromDisk: ReadFile = async (path, limit) => {
  // Opening a pipe would otherwise wait for somebody to write into it.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    if (!stat.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'ENOTFILE' });
    const bytes = new Uint8Array(Math.min(stat.size, limit) + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === bytes.length) return bytes.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
};

/**
 * Puts the failure to read a file into words.
 * @param path where it was looked for, which is said of one that is not there.
 */
export function fileProblem(error: unknown, path?: string): FileProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  const { problem, remedy } = problems[code] ?? {
    problem: `cannot be read (${code})`,
    remedy: 'check the file',
  };
  const missing = code === 'ENOENT' || code === 'ENOTDIR';
  return {
    problem,
    remedy: missing && path !== undefined ? `${remedy}: it is looked for at ${path}` : remedy,
  };
}

const problems: Readonly<Record<string, FileProblem | undefined>> = {
  ENOENT: { problem: 'does not exist', remedy: 'check the path' },
  ENOTDIR: { problem: 'does not exist', remedy: 'check the path' },
  EISDIR: { problem: 'is a directory', remedy: 'name a file in it' },
  ENOTFILE: { problem: 'is not a regular file', remedy: 'name a regular file' },
  EACCES: { problem: 'may not be read by this user', remedy: 'check its permissions' },
  EPERM: { problem: 'may not be read by this user', remedy: 'check its permissions' },
  ELOOP: { problem: 'is a symbolic link in a loop', remedy: 'check the link' },
  ENAMETOOLONG: { problem: 'has too long a name', remedy: 'check the path' },
  ERR_INVALID_ARG_VALUE: { problem: 'has a name with a NUL in it', remedy: 'check the path' },
};
