import type { Catalogue } from '../catalogue.ts';
import { placesOf, spellings } from './places.ts';

/**
 * A component for Kustomize that replaces the names of mirrored images. Tags stay as they are.
 * https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/images/
 */
export function renderKustomization(catalogue: Catalogue): string {
  const images = placesOf(catalogue).flatMap(({ ref, mirrors: [mirror = ref] }) =>
    spellings(ref).map((name) => `  - name: ${JSON.stringify(name)}\n    newName: ${JSON.stringify(mirror)}`),
  );
  return [
    'apiVersion: kustomize.config.k8s.io/v1alpha1',
    'kind: Component',
    images.length === 0 ? 'images: []' : `images:\n${images.join('\n')}`,
  ].join('\n');
}
