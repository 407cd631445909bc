import type { Catalogue } from '../catalogue.ts';
import { placesOf, spellings } from './places.ts';

/** The name of a container's image without its tag, in CEL. */
const NAME =
  "(c.image.lastIndexOf(':') > c.image.lastIndexOf('/') ? c.image.substring(0, c.image.lastIndexOf(':')) : c.image)";

/**
 * The new images of the containers that have a mirrored one. Digests are left alone: an image that was packed again or reduced
 * to some platforms has another digest at the mirror.
 */
function rewritten(list: string): string {
  return (
    `${list}.filter(c, !c.image.contains('@') && [${NAME}].exists(n, n in variables.mirrors))` +
    `.map(c, {'name': string(c.name), 'image': string([${NAME}].map(n, variables.mirrors[n] + c.image.substring(size(n)))[0])})`
  );
}

/** Variables of the policy, in CEL: the names at the mirror, and the images to set. */
export function policyVariables(
  catalogue: Catalogue,
): { readonly name: string; readonly expression: string }[] {
  const names = placesOf(catalogue).flatMap(({ ref, mirrors: [mirror = ref] }) =>
    spellings(ref).map((name) => `${JSON.stringify(name)}: ${JSON.stringify(mirror)}`),
  );
  const initContainers = 'has(object.spec.initContainers) ? object.spec.initContainers : []';
  return [
    { name: 'mirrors', expression: `{${names.join(', ')}}` },
    { name: 'containers', expression: rewritten('object.spec.containers') },
    { name: 'initContainers', expression: rewritten(`(${initContainers})`) },
  ];
}

/**
 * A policy for Kyverno that rewrites the images of new pods to the mirror's, where the mirror has the image.
 * https://kyverno.io/docs/policy-types/mutating-policy/
 */
export function renderKyvernoPolicy(catalogue: Catalogue): string {
  const variables = policyVariables(catalogue).map(
    ({ name, expression }) => `    - name: ${name}\n      expression: ${JSON.stringify(expression)}`,
  );
  const lists = ['containers', 'initContainers'].map(
    (list) => `${list}: variables.${list}.map(c, Object.spec.${list}{name: c.name, image: c.image})`,
  );
  return `apiVersion: policies.kyverno.io/v1
kind: MutatingPolicy
metadata:
  name: use-image-mirror
spec:
  # A pod whose image can't be rewritten is started with the image that it names.
  failurePolicy: Ignore
  matchConstraints:
    resourceRules:
      - apiGroups: ['']
        apiVersions: ['v1']
        operations: ['CREATE']
        resources: ['pods']
  variables:
${variables.join('\n')}
  mutations:
    - patchType: ApplyConfiguration
      applyConfiguration:
        expression: ${JSON.stringify(`Object{spec: Object.spec{${lists.join(', ')}}}`)}`;
}
