import { type Data, type Image, hasTag } from './data.ts';
import { packDigest } from './digest.ts';
import { completeName, parseReference } from './reference.ts';

/** What the mirror has of one line of a list. */
export interface Checked {
  /** The reference as it was written. */
  readonly line: string;
  readonly state: 'present' | 'no-tag' | 'no-image';
  /** The name at the mirror: of the tag, or of the image. */
  readonly mirror?: string;
  readonly ref?: string;
  readonly tag?: string;
}

/** More lines than anybody pastes on purpose. */
const MAX_LINES = 5000;

/** Looks up each line of a list: references, with `image:` and list marks as YAML has them; `#` starts a comment. */
export function checkList(data: Data, text: string): Checked[] {
  const lines = text
    .split('\n')
    .map(cleanLine)
    .filter((line) => line !== '');
  return lines.slice(0, MAX_LINES).map((line) => checkLine(data, line));
}

function cleanLine(line: string): string {
  return line
    .replace(/(?:^|\s)#.*$/, '')
    .replace(/^\s*(?:-\s+)?(?:image:\s*)?/, '')
    .replaceAll(/^["']|["',]*\s*$/g, '')
    .trim();
}

function checkLine(data: Data, line: string): Checked {
  const { ref, tag, digest } = parseReference(line);
  const complete = completeName(ref);
  const images = data.find(complete);
  const [first] = images;
  if (!first) return { line, state: 'no-image' };
  if (digest !== undefined) return checkDigest(line, images, digest);
  const wanted = tag ?? 'latest';
  const holder = images.find((image) => hasTag(image, wanted));
  if (!holder) return { line, state: 'no-tag', ref: complete, mirror: first.mirror };
  return { line, state: 'present', ref: complete, tag: wanted, mirror: `${holder.mirror}:${wanted}` };
}

function checkDigest(line: string, images: readonly Image[], digest: string): Checked {
  const [first] = images;
  const packed = packDigest(digest);
  const holder = images.find((image) => image.groups.some((group) => group[1] === packed));
  const ref = first?.ref ?? '';
  if (!holder) return { line, state: 'no-tag', ref, ...(first && { mirror: first.mirror }) };
  return { line, state: 'present', ref, mirror: `${holder.mirror}@${digest}` };
}
