import { createHash } from 'node:crypto';

/** The SHA of a file of these bytes in git and at GitHub. https://git-scm.com/book/en/v2/Git-Internals-Git-Objects */
export function gitBlobSha(bytes: Uint8Array): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}
