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
  target: v.optional(list('One or more registries and namespaces to push to, such as docker.io/gcrxio.')),
  'target-name': v.optional(
    text(
      "A template for the names of the target's repositories, with {registry}, {namespace}, {image} and {name}.",
    ),
  ),
  platforms: v.optional(
    list('"all", or a list of the platforms of an index to mirror, such as linux/amd64.'),
  ),
  referrers: v.optional(
    v.pipe(
      v.boolean(),
      v.description('Whether to mirror the signatures, attestations and SBOMs that refer to an image.'),
    ),
  ),
  include: v.optional(
    list(
      'Globs for image:tag, or for the image if a glob has no ":". If set, only what matches one of them is mirrored.',
    ),
  ),
  exclude: v.optional(list('Globs like those of include. What matches one of them is not mirrored.')),
  semver: v.optional(
    text('A range of versions, such as >=1.20. If set, only tags that name a version in it are mirrored.'),
  ),
  'newer-than': v.optional(
    text(
      'An age, such as 90d, or a date, such as 2026-01-31. Tags that were pushed earlier are not mirrored.',
    ),
  ),
  latest: v.optional(
    v.pipe(v.number(), v.description('A number N: only the N newest tags of each image are mirrored.')),
  ),
};

/** The message for an unknown key, or for a value that is not a map. */
const mapOf =
  (keys: readonly string[]) =>
  ({ expected }: { readonly expected: string | null }): string =>
    expected === 'never' ? `is not one of ${keys.join(', ')}` : `expected a map of ${keys.join(', ')}`;

const Settings = v.strictObject(SETTINGS, mapOf(Object.keys(SETTINGS)));

/** The settings that the config file has for all namespaces, or for one. */
export type ConfigSettings = v.InferOutput<typeof Settings>;

const { 'target-name': _, ...COMMON } = SETTINGS;

const IMAGE = {
  source: text(
    "A repository, with or without a tag or digest: quay.io/x/y:v1. Without a host it is Docker Hub's.",
  ),
  tags: v.optional(
    v.pipe(
      v.union(
        [v.string(), v.array(v.string())],
        'expected a text or a list of texts: put numbers behind aliases in quotes',
      ),
      v.description('The tags to mirror, or digests, or tags with digests: v1@sha256:….'),
    ),
  ),
  name: v.optional(
    list(
      'One or more names at the target, below the path of the target, or templates like target-name. May contain "/".',
    ),
  ),
  ...COMMON,
};

const Image = v.strictObject(IMAGE, ({ expected, received }) =>
  received === 'undefined' ? 'has no "source"' : mapOf(Object.keys(IMAGE))({ expected }),
);

/** An entry of the config file's list of images. */
export type ConfigImage = v.InferOutput<typeof Image>;

/** The form of the config file. `npm run docs` makes `mirror.schema.json` of it. */
export const ConfigFile = v.strictObject(
  {
    defaults: v.optional(
      v.pipe(
        Settings,
        v.description('Settings of all namespaces that do not override them. Inputs override them too.'),
      ),
    ),
    namespaces: v.optional(
      v.pipe(
        v.record(v.string(), v.nullable(Settings)),
        v.description(
          'What to mirror: source namespaces, such as gcr.io/distroless, each with its own settings.',
        ),
      ),
    ),
    images: v.optional(
      v.pipe(
        v.array(Image, 'expected a list, with items such as "- source: quay.io/x/y:v1"'),
        v.description(
          'Single images to mirror. An entry has exact tags, or filters, or neither: then it is the tag latest.',
        ),
      ),
    ),
  },
  mapOf(['defaults', 'namespaces', 'images']),
);
