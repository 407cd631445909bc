import { CopyError } from '../../mirror/copy-error.ts';
import { isDigest } from '../../oci/digest.ts';
import type { RawManifest } from '../../oci/manifest.ts';
import type { CopyObserver, CopyTask, VerifiedTag } from '../engine.ts';
import { isDigestOf } from './manifest-copy.ts';

/** What was written to a target under a tag. */
interface Written {
  readonly task: Pick<CopyTask, 'target'>;
  readonly observer: Pick<CopyObserver, 'onTagVerified'>;
  readonly manifest: RawManifest;
  /** Set when the manifest was reduced to these platforms. */
  readonly platforms: Pick<VerifiedTag, 'platforms'>;
}

/** Where the target gets the manifest of `tag`. An image without a tag is there under its digest, which a reduced index changes. */
export function referenceOf(tag: string, { digest }: RawManifest): string {
  return isDigest(tag) ? digest : tag;
}

/**
 * Reads `tag` back from the target and reports it.
 *
 * @throws CopyError when the target holds something else under it
 */
export async function verifyTag(
  { task: { target }, observer, manifest, platforms }: Written,
  tag: string,
): Promise<void> {
  const reference = referenceOf(tag, manifest);
  const head = await target.client.headManifest(target.repository, reference);
  // A header may be wrong; the content of the manifest decides.
  const isRight = head !== undefined && isDigestOf(manifest, head.digest);
  const found = isRight ? head : await target.client.getManifest(target.repository, reference);
  if (found && isDigestOf(manifest, found.digest)) {
    observer.onTagVerified(tag, { digest: found.digest, ...platforms });
    return;
  }
  const name = `${target.client.registry}/${target.repository}:${tag}`;
  throw new CopyError(
    `${name} was pushed as ${manifest.digest}, but the target says that it holds ${found?.digest ?? 'nothing'}`,
    { retryable: true },
  );
}
