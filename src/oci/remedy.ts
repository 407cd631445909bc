import type { Credential } from './auth/credentials.ts';

/** The words with which a registry refuses, and what its user can do about it. */
interface Rule {
  /** Words of the registry, or of docker when it repeats them. */
  readonly says: RegExp;
  /** A sentence, without its full stop. */
  readonly remedy: string;
  /** True when the remedy only applies to a push. */
  readonly pushing?: boolean;
}

/** The rules, which docs/troubleshooting.md lists. The first rule that matches wins. Each has the words of a real registry: first those of single registries, then common ones. */
export const REMEDIES: readonly Rule[] = [
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
      'read:packages to pull; a fine-grained token does not work',
  },
  {
    says: /permission_denied: The requested installation does not exist/i,
    remedy:
      'The token belongs to another owner than the package: use a personal access token (classic) with write:packages of an ' +
      'account that may write there',
  },
  {
    says: /User cannot be authenticated with the token provided/i,
    remedy: 'The token has expired, or is wrong: renew the secret that holds it',
  },
  // Amazon ECR
  {
    says: /the repository with name '/i,
    remedy:
      'Create the repository in Amazon ECR, or enable create-on-push there with a repository creation template',
    pushing: true,
  },
  {
    says: /authorization token (?:has expired|is invalid)/i,
    remedy: 'Log in to Amazon ECR again in this job: its tokens expire after 12 hours',
  },
  {
    says: /is not authorized to perform: ecr/i,
    remedy: 'Allow that action for the account in AWS IAM',
  },
  {
    says: /'ImageManifest' failed to satisfy constraint/,
    remedy:
      'Amazon ECR refuses OCI manifests without "mediaType", and a mirror must not change a byte of them: omit the image ' +
      'with "exclude", or set "engine: docker", which writes a new manifest for images of one platform',
  },
  // Azure ACR
  {
    says: /the operation is disallowed on this registry, repository or image/i,
    remedy:
      'Unlock the image or its repository in Azure (az acr repository update --write-enabled true), or free storage: the ' +
      'registry may be full',
  },
  {
    says: /aka\.ms\/acr\/authorization/,
    remedy: 'Assign the account the role AcrPush, or AcrPull for a source, on the registry in Azure',
  },
  {
    says: /client with IP .{1,60} is not allowed access/i,
    remedy: "Allow the runner's address in the registry's firewall in Azure",
  },
  // Google
  {
    says: /artifactregistry\.repositories\.createOnPush/,
    remedy:
      'Create the repository in Artifact Registry, or grant the account the role Artifact Registry Create-on-Push Writer',
  },
  {
    says: /artifactregistry\.repositories\.uploadArtifacts/,
    remedy:
      'Create the repository in Artifact Registry, and grant the account the role Artifact Registry Writer',
  },
  {
    says: /pushes should be of the form/i,
    remedy: 'Include project and repository in "target", such as europe-docker.pkg.dev/project/repository',
  },
  {
    says: /container registry is deprecated and shutting down/i,
    remedy: 'Migrate the project to Artifact Registry: the old Container Registry accepts no pushes',
  },
  {
    says: /config file size \(\d+ bytes\) does not match the config descriptor size/i,
    remedy:
      'The image states a wrong size of its config, which this target refuses, and a mirror must not change it: omit the image ' +
      'with "exclude", or set "engine: docker", which writes a new manifest for images of one platform',
    pushing: true,
  },
  // DigitalOcean
  {
    says: /registry contains \d+ repositories, limit is \d+/i,
    remedy:
      "The plan's number of repositories is used up: raise it in the target, or delete repositories there",
  },
  // Harbor
  {
    says: /unauthorized to access repository: .*, action: push|\bproject \S+ not found/i,
    remedy: 'Create the project in Harbor, and give the account a role in it that may push',
    pushing: true,
  },
  {
    says: /will exceed the configured upper limit of|quota has been exceed/i,
    remedy: 'The quota is used up: raise it in the target, or delete images there',
    pushing: true,
  },
  // Quay
  {
    says: /access to the requested resource is not authorized/i,
    remedy:
      'Give the account write access, and permission to create repositories in the namespace. For a robot account without ' +
      'that permission, create the repository first',
    pushing: true,
  },
  // Docker Hub, GitLab and others
  {
    says: /requested access to the resource is denied|insufficient_scope/i,
    remedy:
      'The account must be allowed to push to the namespace of "target", its access token needs the permission Write, and ' +
      'on Docker Hub its plan must allow another private repository if new ones are private',
    pushing: true,
  },
  // Many
  {
    says: /\bimmutable\b|\btag immutability\b/i,
    remedy:
      'The target has another image under this tag, and its tags are immutable: switch immutability off there, or omit ' +
      'the tag with "exclude"',
    pushing: true,
  },
  {
    says: /is in read only mode|currently read-only|pushes to the registry are currently disabled/i,
    remedy: 'The target is read-only at the moment: run again later',
    pushing: true,
  },
  {
    says: /status 405|\b405\b.*method not allowed|the operation is unsupported|: unsupported$/i,
    remedy:
      'The target accepts no pushes: it is read-only, or a cache of another registry. Make it writable, or push to the ' +
      'registry behind it',
    pushing: true,
  },
  {
    says: /name_unknown|name unknown/i,
    remedy: 'Create the repository in the target: it is not created by a push',
    pushing: true,
  },
];

/**
 * What to do about a refusal, as a sentence without its full stop; undefined when its words are unknown.
 *
 * @param said the words of the registry, with its codes, or of docker
 * @param pushing true when the request was part of a push
 */
export function remedyFor(said: string, pushing: boolean): string | undefined {
  const rule = REMEDIES.find(({ says, pushing: only }) => (pushing || only !== true) && says.test(said));
  return rule?.remedy;
}

/** What to do about a refusal by `host`, and where the refused account came from. Never shows the account itself. */
export function adviceOn(
  host: string,
  used: Pick<Credential, 'providedBy'> | undefined,
  remedy: string | undefined,
): string {
  if (!used)
    return (
      `No credentials are known for ${host}: set them as inputs ("username" and "password" for the target, ` +
      '"source-username" and "source-password" for sources), or log in with docker/login-action before this step. ' +
      'Registries also refuse what does not exist'
    );
  return remedy === undefined
    ? `${host} refused the credentials from ${used.providedBy}: check that they are right and allow this`
    : `${remedy}. The request used the credentials from ${used.providedBy}`;
}

/** What to do when the host that `registry` redirects to refuses the request. */
export function storageAdvice(registry: string, host: string): string {
  return (
    `${registry} redirects to ${host}, which refuses the request: its link may have expired, or ${host} allows no access ` +
    `without an account. The credentials for ${registry} are not sent there`
  );
}

/** What to do when `host` refuses with a web page, which registries don't send. */
export function webPageAdvice(host: string): string {
  return `Something in front of ${host}, such as a firewall, answered: ask its operators to let this runner through`;
}
