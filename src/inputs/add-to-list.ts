import type { RequestedReference } from '../mirror/request.ts';
import { parseImageList } from './image-list.ts';
import { formatReference } from './reference.ts';

/**
 * Appends the references that a list of images lacks. What is there keeps its order and its comments.
 *
 * @param text the list
 * @returns the new text; undefined if the list has all of them
 */
export function addToList(text: string, references: readonly RequestedReference[]): string | undefined {
  // Mistakes in other lines are not this request's: they stay as they are.
  const listed = parseImageList(
    text,
    (line) => String(line),
    () => undefined,
  );
  const known = new Set(listed.map(nameOf));
  const missing = new Map(references.map((one) => [nameOf(one), one.line]));
  for (const name of known) missing.delete(name);
  if (missing.size === 0) return undefined;
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const start = text === '' || text.endsWith('\n') ? text : text + newline;
  return start + Array.from(missing.values(), (line) => line + newline).join('');
}

/** A tag, with whatever digest, or a digest without a tag. */
function nameOf({ namespace, image, tag, digest }: Omit<RequestedReference, 'line'>): string {
  return formatReference({
    namespace,
    image,
    ...(tag === undefined ? { ...(digest && { digest }) } : { tag }),
  });
}
