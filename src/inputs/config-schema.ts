import * as v from 'valibot';

const text = (
  description: string,
): v.SchemaWithPipe<readonly [v.StringSchema<undefined>, v.DescriptionAction<string, string>]> =>
  v.pipe(v.string(), v.description(description));

const list = (description: string) =>
  v.pipe(
    v.union([v.string(), v.array(v.string())], 'expected a text or a list of texts'),
    v.description(description),
  );

const SETTINGS = {
  target: v.optional(text('Registry and namespace to push to, such as docker.io/gcrxio.')),
  'target-name': v.optional(
    text("Template for the name of the target's repository, of {registry}, {namespace} and {image}."),
  ),
  platforms: v.optional(list('"all", or the platforms of an index to mirror, such as linux/amd64.')),
  referrers: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Whether what refers to an image is mirrored with it: signatures, attestations, SBOMs.'),
    ),
  ),
  include: v.optional(
    list(
      'Globs over image:tag, or over the image where a pattern has no ":". Given, only what matches one is mirrored.',
    ),
  ),
  exclude: v.optional(list('Globs like those of include. What matches one is left out.')),
  semver: v.optional(
    text('A range of versions, such as >=1.20. Tags that name no version in it are left out.'),
  ),
  'newer-than': v.optional(
    text('An age, such as 90d, or a date, such as 2026-01-31. Tags that were pushed before are left out.'),
  ),
  latest: v.optional(
    v.pipe(v.number(), v.description('Of each image, only the newest so many tags are mirrored.')),
  ),
};

/** The message for a key that is not known, or what is no map. */
const mapOf =
  (keys: readonly string[]) =>
  ({ expected }: { readonly expected: string | null }): string =>
    expected === 'never' ? `is not one of ${keys.join(', ')}` : `expected a map of ${keys.join(', ')}`;

const Settings = v.strictObject(SETTINGS, mapOf(Object.keys(SETTINGS)));

/** What the config file says of all namespaces, or of one. */
export type ConfigSettings = v.InferOutput<typeof Settings>;

/** The form of the input `config`'s file. `mirror.schema.json` is made from it. */
export const ConfigFile = v.strictObject(
  {
    defaults: v.optional(
      v.pipe(Settings, v.description('For all namespaces that do not say otherwise. Inputs override them.')),
    ),
    namespaces: v.optional(
      v.pipe(
        v.record(v.string(), v.nullable(Settings)),
        v.description(
          'What to mirror: source namespaces, such as gcr.io/distroless, each with what is its own.',
        ),
      ),
    ),
  },
  mapOf(['defaults', 'namespaces']),
);
