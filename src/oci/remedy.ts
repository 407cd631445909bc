import type { Credential } from './auth/credentials.ts';

/** What a registry says when it refuses, and what its user can do about it. */
interface Rule {
  /** Words of the registry, or of docker where it repeats them. */
  readonly says: RegExp;
  /** A sentence, without its full stop. */
  readonly remedy: string;
  /** True when it only holds where something was to be pushed. */
  readonly pushing?: boolean;
}

/** The first that fits counts. Each is in the words of a real registry: first those of one registry, then what many say. */
const RULES: readonly Rule[] = [
  // GHCR
  {
    says: /permission_denied: write_package/,
    remedy:
      'Link the package to the workflow\'s repository (in the package\'s settings, "Manage Actions access", role Write), ' +
      'or push with a personal access token (classic) with write:packages',
  },
  {
    says: /permission_denied: (?:create_package|installation not allowed)|installation not allowed to (?:create|write)/i,
    remedy:
      'Set "permissions: packages: write" for the job. The token of a GitHub App can\'t do this: use GITHUB_TOKEN, or a ' +
      'personal access token (classic) with write:packages',
  },
  {
    says: /permission_denied: read_package/,
    remedy:
      'Let the workflow\'s repository read the package (in the package\'s settings, "Manage Actions access"), or use a ' +
      'personal access token (classic) with read:packages',
  },
  {
    says: /token provided does not match expected scopes/,
    remedy:
      'Use GITHUB_TOKEN with "permissions: packages: write", or a personal access token (classic) with write:packages, or ' +
      'read:packages to pull; a fine-grained one does not do',
  },
  // Amazon ECR
  {
    says: /the repository with name '/i,
    remedy:
      'Create the repository in Amazon ECR, or switch on create-on-push there with a repository creation template',
    pushing: true,
  },
  {
    says: /authorization token has expired/i,
    remedy: 'Log in to Amazon ECR in this job: its tokens live 12 hours',
  },
  {
    says: /is not authorized to perform: ecr/i,
    remedy: 'Allow the account that action in AWS IAM',
  },
  {
    says: /'ImageManifest' failed to satisfy constraint/,
    remedy:
      'Amazon ECR takes no OCI manifest without "mediaType", and the mirror must not change a byte of it: leave the image ' +
      'out with "exclude", or set "engine: docker", which writes another manifest for images of one platform',
  },
  // Azure ACR
  {
    says: /the operation is disallowed on this registry, repository or image/i,
    remedy:
      'Unlock the image or its repository in Azure (az acr repository update --write-enabled true), or make room: the ' +
      'registry may be full',
  },
  {
    says: /aka\.ms\/acr\/authorization/,
    remedy: 'Give the account the role AcrPush, or AcrPull for a source, on the registry in Azure',
  },
  {
    says: /client with IP .{1,60} is not allowed access/i,
    remedy: "Let the runner's address through the registry's firewall in Azure",
  },
  // Google
  {
    says: /artifactregistry\.repositories\.createOnPush/,
    remedy:
      'Create the repository in Artifact Registry, or give the account the role Artifact Registry Create-on-Push Writer',
  },
  {
    says: /artifactregistry\.repositories\.uploadArtifacts/,
    remedy:
      'Create the repository in Artifact Registry, and give the account the role Artifact Registry Writer',
  },
  {
    says: /pushes should be of the form/i,
    remedy: 'Name project and repository in "target", such as europe-docker.pkg.dev/project/repository',
  },
  {
    says: /container registry is deprecated and shutting down/i,
    remedy: 'Migrate the project to Artifact Registry: the old Container Registry takes no pushes',
  },
  // Harbor
  {
    says: /unauthorized to access repository: .*, action: push|\bproject \S+ not found/i,
    remedy: 'Create the project in Harbor, and give the account a role in it that may push',
    pushing: true,
  },
  {
    says: /will exceed the configured upper limit of|quota has been exceed/i,
    remedy: 'The quota is used up: raise it in the target, or make room there',
    pushing: true,
  },
  // Quay
  {
    says: /access to the requested resource is not authorized/i,
    remedy:
      'Give the account the right to write there, and to create repositories in the namespace; a robot account that has ' +
      'only the first needs the repository to be created before',
    pushing: true,
  },
  // Docker Hub
  {
    says: /requested access to the resource is denied|insufficient_scope/i,
    remedy:
      'The namespace of "target" must be one that the account may push to, its access token needs the permission Write, ' +
      'and the plan must have private repositories left where they are made private',
    pushing: true,
  },
  // Many
  {
    says: /\bimmutable\b|\btag immutability\b/i,
    remedy:
      'The target holds another image under the tag and lets nobody replace it: switch immutability off there, or leave ' +
      'the tag out with "exclude"',
    pushing: true,
  },
  {
    says: /is in read only mode|currently read-only|pushes to the registry are currently disabled/i,
    remedy: 'The target is read-only at the moment: run again when it is not',
    pushing: true,
  },
  {
    says: /status 405|\b405\b.*method not allowed|the operation is unsupported|: unsupported$/i,
    remedy:
      'The target takes no pushes: it is read-only, or the cache of another registry. Push to the registry behind it, or ' +
      'let it be written to',
    pushing: true,
  },
  {
    says: /name_unknown|name unknown/i,
    remedy: 'Create the repository in the target, where a push does not create it',
    pushing: true,
  },
];

/**
 * What to do about a refusal, as a sentence; undefined where its words are not known.
 *
 * @param said the registry's own words, codes included, or docker's
 * @param pushing true when something was to be pushed
 */
export function remedyFor(said: string, pushing: boolean): string | undefined {
  const rule = RULES.find(({ says, pushing: only }) => (pushing || only !== true) && says.test(said));
  return rule?.remedy;
}

/** Whose account `host` refused, and what to do: where it came from, and nothing of what it is. */
export function adviceOn(
  host: string,
  used: Pick<Credential, 'providedBy'> | undefined,
  remedy: string | undefined,
): string {
  if (!used)
    return `No credentials are known for ${host}: give them as inputs, or log in before with docker/login-action`;
  return remedy === undefined
    ? `${host} refused the credentials from ${used.providedBy}: check that they are right and allow this`
    : `${remedy}. It was asked with the credentials from ${used.providedBy}`;
}
