import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import type { ListedImageSettings, NamespaceSettings } from '../mirror/settings.ts';
import { type ListedImage, findConflict, joinReferences } from './list-settings.ts';
import { type InputReader, show } from './reader.ts';

/** Where images are mirrored from and to. */
type Route = Pick<NamespaceSettings, 'namespace' | 'target'>;

const routeOf = ({ namespace, target }: Route): string =>
  `${formatNamespace(namespace)} ${formatNamespace(target)}`;

/**
 * Adds the images of lists to the settings of their namespaces: one for each namespace and target.
 *
 * @param wholes the namespaces that are mirrored as a whole
 * @param settingsOf the settings of a namespace of which only a list is mirrored
 */
export function joinLists(
  reader: InputReader,
  wholes: readonly NamespaceSettings[],
  listed: readonly ListedImage[],
  settingsOf: (route: Route) => NamespaceSettings | undefined,
): NamespaceSettings[] {
  const byRoute = new Map<string, { readonly route: Route; readonly list: ListedImageSettings[] }>();
  for (const { settings, ...route } of listed) {
    const key = routeOf(route);
    const found = byRoute.get(key) ?? { route, list: [] };
    byRoute.set(key, found);
    found.list.push(settings);
  }
  const joined = wholes.map((one) => {
    const own = byRoute.get(routeOf(one));
    byRoute.delete(routeOf(one));
    return own ? { ...one, list: checked(reader, one.namespace, own.list) } : one;
  });
  const others = Array.from(byRoute.values()).flatMap(({ route, list }) => {
    const settings = settingsOf(route);
    return settings
      ? [{ ...settings, list: checked(reader, route.namespace, list), isListOnly: true as const }]
      : [];
  });
  return [...joined, ...others];
}

function checked(
  reader: InputReader,
  namespace: Namespace,
  list: readonly ListedImageSettings[],
): ListedImageSettings[] {
  const conflict = findConflict(list);
  if (conflict) {
    const name = `${formatNamespace(namespace)}/${conflict.image}`;
    reader.problem(
      'images',
      `${show(name)} is named twice with ${conflict.reference}, with different platforms and one name at the target: give one of ` +
        'them another "name", or leave it out',
    );
  }
  return joinReferences(list);
}
