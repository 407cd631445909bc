/** sha256 digests in the 43 characters of base64url that catalogue.json has for them. */

/** `sha256:…` of its packed form; any other digest is complete already. */
export function unpackDigest(packed: string): string {
  if (packed.includes(':')) return packed;
  const bytes = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
  const hex = Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0'));
  return `sha256:${hex.join('')}`;
}

/** The packed form of `sha256:…`; any other digest stays as it is. */
export function packDigest(digest: string): string {
  const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
  return hex === undefined ? digest : packHex(hex);
}

/** What the packed form of each digest starts with whose hexadecimal form starts with `hex`: six bits a character. */
export function packStart(hex: string): string {
  return packHex(hex.slice(0, hex.length - (hex.length % 6)));
}

function packHex(hex: string): string {
  const bytes = (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
