import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { renderBadge } from '../../../src/catalogue/badge.ts';
import { manifestOf, partFor } from '../../support/fixtures/catalogues.ts';

/** What shields.io takes: it refuses a file with any other key. https://shields.io/badges/endpoint-badge */
const Endpoint = v.strictObject({
  schemaVersion: v.literal(1),
  label: v.string(),
  message: v.pipe(v.string(), v.nonEmpty()),
  color: v.optional(v.string()),
  labelColor: v.optional(v.string()),
  isError: v.optional(v.boolean()),
  namedLogo: v.optional(v.string()),
  logoSvg: v.optional(v.string()),
  style: v.optional(v.string()),
});

describe('renderBadge', () => {
  const tags = (count: number): Record<string, null> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index}`, null]));
  const badge = (count: number): string =>
    v.parse(
      Endpoint,
      JSON.parse(
        renderBadge(
          [partFor(manifestOf('gcr.io/a', 'docker.io/x', { b: tags(count) }))],
          new Date('2026-11-26T23:59:59Z'),
        ),
      ),
    ).message;

  it('has the number of tags and the day of the run', () => {
    expect(badge(1234)).toBe('1,234 tags · 2026-11-26');
    expect(badge(1)).toBe('1 tag · 2026-11-26');
  });
});
