import { formatNamespace } from '../mirror/namespace.ts';
import type { Platforms } from '../mirror/platforms.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import type { InputReader } from './reader.ts';

/** Reports tags that lists name twice, with different platforms and one name at the target: each copy would undo the other. */
export function checkListConflicts(reader: InputReader, namespaces: readonly NamespaceSettings[]): void {
  for (const { namespace, list = [] } of namespaces) {
    const known = new Map<string, Platforms>();
    for (const { image, names, references = [], platforms } of list) {
      for (const [name, { tag, digest }] of names.flatMap((one) =>
        references.map((ref) => [one, ref] as const),
      )) {
        const reference = tag ?? digest ?? '';
        const key = JSON.stringify([image, name, reference]);
        const before = known.get(key);
        known.set(key, platforms);
        if (before === undefined || String(before) === String(platforms)) continue;
        reader.problem(
          'images',
          `${formatNamespace(namespace)}/${image} is named twice with ${reference}, with different platforms and one name at the ` +
            'target: give one of them another "name", or leave it out',
        );
      }
    }
  }
}
