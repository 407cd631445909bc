import { describe, expect, it } from 'vitest';
import { adviceOn, remedyFor, storageAdvice, webPageAdvice } from '../../../src/oci/remedy.ts';

describe('remedyFor', () => {
  it.each([
    ['denied: permission_denied: write_package', /^Link the package to the workflow's repository/],
    [
      'status 403, DENIED: permission_denied: read_package',
      /^Let the workflow's repository read the package/,
    ],
    ['denied: installation not allowed to Create organization package', /"permissions: packages: write"/],
    [
      "name unknown: The repository with name 'a/b' does not exist in the registry with id '1'",
      /in Amazon ECR/,
    ],
    [
      'denied: Your authorization token has expired. Reauthenticate and try again.',
      /^Log in to Amazon ECR again/,
    ],
    [
      'denied: User: arn:aws:sts::1:assumed-role/r/GitHubActions is not authorized to perform: ecr:InitiateLayerUpload on ' +
        'resource: arn:aws:ecr:eu-west-2:1:repository/a because no identity-based policy allows the action',
      /in AWS IAM/,
    ],
    [
      "tag invalid: The image tag 'latest' already exists in the 'a' repository and cannot be overwritten because the " +
        'repository is immutable.',
      /switch immutability off/,
    ],
    [
      'unknown: tag=latest cannot be overwritten because a.io/b/c is an immutable repository',
      /switch immutability off/,
    ],
    ["unknown: Failed to process request due to 'b:v1' configured as immutable.", /switch immutability off/],
    [
      'manifest invalid: cannot update tag v1. The repository has enabled tag immutability',
      /switch immutability off/,
    ],
    [
      'unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information.',
      /AcrPush/,
    ],
    [
      "denied: client with IP '10.0.0.1' is not allowed access. Refer https://aka.ms/acr/firewall",
      /firewall/,
    ],
    [
      'unknown: The operation is disallowed on this registry, repository or image. View troubleshooting steps at x',
      /^Unlock the image/,
    ],
    [
      'denied: gcr.io repo does not exist. Creating on push requires the artifactregistry.repositories.createOnPush permission',
      /Create-on-Push Writer/,
    ],
    [
      'denied: Unauthenticated request. Unauthenticated requests do not have permission ' +
        '"artifactregistry.repositories.uploadArtifacts" on resource "projects/p/locations/l/repositories/r" (or it may not exist)',
      /Artifact Registry Writer/,
    ],
    [
      'Container Registry is deprecated and shutting down, please use the auto migration tool',
      /^Migrate the project/,
    ],
    [
      'unauthorized: unauthorized to access repository: a/b, action: push: unauthorized to access repository: a/b, action: push',
      /^Create the project in Harbor/,
    ],
    ['status 404, NOT_FOUND: project mirror not found', /^Create the project in Harbor/],
    ['denied: Quota has been exceeded on namespace', /^The quota is used up/],
    ['denied: requested access to the resource is denied', /needs the permission Write/],
    ['push access denied, insufficient_scope: authorization failed', /needs the permission Write/],
    [
      'error parsing HTTP 405 response body: invalid character \'M\' looking for beginning of value: "Method not allowed\\n"',
      /^The target accepts no pushes/,
    ],
    ['unsupported: The operation is unsupported.', /^The target accepts no pushes/],
    ['docker push a.io/b:v1 ended with exit code 1: unsupported', /^The target accepts no pushes/],
    [
      'denied: permission_denied: The requested installation does not exist.',
      /^The token belongs to another owner/,
    ],
    [
      'unauthorized: unauthenticated: User cannot be authenticated with the token provided.',
      /^The token has expired/,
    ],
    ['status 400, DENIED: Your Authorization Token is invalid.', /^Log in to Amazon ECR again/],
    ['denied: registry contains 1 repositories, limit is 1', /^The plan's number of repositories/],
    [
      'MANIFEST_INVALID: config file size (3106 bytes) does not match the config descriptor size (311 bytes)',
      /wrong size of its config/,
    ],
    ['name unknown: repository name not known to registry', /^Create the repository in the target/],
  ])('knows %s', (said, remedy) => {
    expect(remedyFor(said, true)).toMatch(remedy);
  });

  it.each([
    'status 404, NAME_UNKNOWN: repository name not known to registry',
    'status 405, UNSUPPORTED: The operation is unsupported.',
    "status 404, NAME_UNKNOWN: The repository with name 'a' does not exist in the registry with id '1'",
    'status 401, UNAUTHORIZED: access to the requested resource is not authorized',
  ])('has no remedy for a target when nothing is pushed: %s', (said) => {
    expect(remedyFor(said, false)).toBeUndefined();
    expect(remedyFor(said, true)).toBeDefined();
  });

  it('has no remedy for unknown words', () => {
    expect(remedyFor('status 418, TEAPOT: short and stout', true)).toBeUndefined();
  });
});

describe('adviceOn', () => {
  const used = { username: 'user-name', password: 'pa55', providedBy: 'the docker config' };

  it('names where an account came from, and never the account', () => {
    for (const remedy of [undefined, 'Do this']) {
      const advice = adviceOn('a.io', used, remedy);
      expect(advice).toContain('the credentials from the docker config');
      expect(advice).not.toMatch(/user-name|pa55/);
    }
    expect(adviceOn('a.io', used, 'Do this')).toMatch(/^Do this\. /);
    expect(adviceOn('a.io', undefined, undefined)).toMatch(
      /^No credentials are known for a\.io.*what does not exist$/,
    );
  });
});

describe('storageAdvice', () => {
  it('names registry and storage, and blames no credentials', () => {
    const advice = storageAdvice('r.io', 's3.io');
    expect(advice).toMatch(/^r\.io redirects to s3\.io, which refuses the request/);
    expect(advice).not.toMatch(/No credentials|refused the credentials/);
  });
});

describe('webPageAdvice', () => {
  it('names what is in front of the host', () => {
    expect(webPageAdvice('r.io')).toMatch(/^Something in front of r\.io, such as a firewall/);
  });
});
