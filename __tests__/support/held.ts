import type { TestImage } from './images.ts';

/**
 * Looks whether a registry holds `image` under `reference`, to the byte, with all that it refers to.
 *
 * @returns what it does not hold
 */
export async function missingOf(
  registryUrl: string,
  repository: string,
  reference: string,
  image: TestImage,
  headers: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const base = `${registryUrl}/v2/${repository}`;
  const answer = await fetch(`${base}/manifests/${reference}`, {
    headers: { ...headers, accept: image.mediaType },
  });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const isHeld = answer.status === 200 && bytes.equals(image.bytes);
  const missing = isHeld ? [] : [`${repository} ${reference}`];
  for (const [digest, content] of image.blobs) {
    // The registry checked the digest when it took the blob.
    const blob = await fetch(`${base}/blobs/${digest}`, { method: 'HEAD', headers });
    const size = Number(blob.headers.get('content-length'));
    if (blob.status !== 200 || size !== content.length) missing.push(`${repository} ${digest}`);
  }
  for (const child of image.children)
    missing.push(...(await missingOf(registryUrl, repository, child.digest, child, headers)));
  return missing;
}
