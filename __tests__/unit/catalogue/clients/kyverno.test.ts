import { evaluate } from '@marcbachmann/cel-js';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { policyVariables, renderKyvernoPolicy } from '../../../../src/catalogue/clients/kyverno.ts';
import { SMALL } from '../../../support/fixtures/page-data.ts';

const Texts = v.array(v.string());
/** The fields that it sets, as Kyverno has them. https://kyverno.io/docs/policy-types/mutating-policy/ */
const MutatingPolicy = v.strictObject({
  apiVersion: v.literal('policies.kyverno.io/v1'),
  kind: v.literal('MutatingPolicy'),
  metadata: v.strictObject({ name: v.string() }),
  spec: v.strictObject({
    failurePolicy: v.picklist(['Ignore', 'Fail']),
    matchConstraints: v.strictObject({
      resourceRules: v.array(
        v.strictObject({ apiGroups: Texts, apiVersions: Texts, operations: Texts, resources: Texts }),
      ),
    }),
    variables: v.array(v.strictObject({ name: v.string(), expression: v.string() })),
    mutations: v.array(
      v.strictObject({
        patchType: v.picklist(['ApplyConfiguration', 'JSONPatch']),
        applyConfiguration: v.strictObject({ expression: v.string() }),
      }),
    ),
  }),
});

/** The images that the policy sets for a pod, as Kyverno evaluates its variables: each may use those before it. */
function imagesFor(images: readonly string[], list: 'containers' | 'initContainers' = 'containers'): unknown {
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  const spec = list === 'containers' ? { containers } : { containers: [], initContainers: containers };
  const variables: Record<string, unknown> = {};
  for (const { name, expression } of policyVariables(SMALL))
    variables[name] = evaluate(expression, { object: { spec }, variables });
  return variables[list];
}

describe('renderKyvernoPolicy', () => {
  it('is a policy as Kyverno takes it, with the variables', () => {
    const { spec } = v.parse(MutatingPolicy, parse(renderKyvernoPolicy(SMALL)));
    expect(spec.variables).toEqual(policyVariables(SMALL));
    expect(spec.mutations[0]?.applyConfiguration.expression).toContain(
      'initContainers: variables.initContainers.map(c, Object.spec.initContainers{name: c.name, image: c.image})',
    );
  });
});

describe('policyVariables', () => {
  it('rewrite the images that the mirror has, and no other', () => {
    expect(
      imagesFor([
        'gcr.io/distroless/java/17:latest',
        'gcr.io/distroless/none:v1',
        'nginx',
        'localhost:5000/nginx:v1',
      ]),
    ).toEqual([
      { name: 'c0', image: 'docker.io/gcrxio/java_17:latest' },
      { name: 'c2', image: 'registry.example/mirror/nginx' },
    ]);
  });

  it('leave digests alone', () => {
    expect(imagesFor([`nginx:1.27@sha256:${'a'.repeat(64)}`])).toEqual([]);
  });

  it('rewrite init containers, where a pod has some', () => {
    expect(imagesFor(['docker.io/library/nginx:1.27'], 'initContainers')).toEqual([
      { name: 'c0', image: 'registry.example/mirror/nginx:1.27' },
    ]);
  });
});
