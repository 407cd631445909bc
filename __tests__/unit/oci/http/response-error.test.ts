import { describe, expect, it } from 'vitest';
import { RegistryError } from '../../../../src/oci/errors.ts';
import { testRegistries } from '../../../support/fixtures/clients.ts';
import { type FakeAnswer, fakeNetwork } from '../../../support/network/fake-network.ts';

/** The error of a request that is always answered so, and the number of requests. */
async function errorFor(answer: FakeAnswer): Promise<{ error: RegistryError; requests: number }> {
  const { dispatcher, requests } = fakeNetwork(() => answer);
  const client = testRegistries({ dispatcher, retries: 2 }).source('r.example');
  const error = await client.getList('/v2/a/tags/list', []).catch((thrown: unknown) => thrown);
  if (!(error instanceof RegistryError)) throw new Error('no RegistryError');
  return { error, requests: requests.length };
}

const errors = (code: string, message: string): string => JSON.stringify({ errors: [{ code, message }] });

/** As ghcr.io words GitHub's secondary limits. */
const GHCR_LIMIT = errors(
  'DENIED',
  'permission_denied: Error from intermediary with HTTP status code 403 "Forbidden" - with-body: {"documentation_url": ' +
    '"https://docs.github.com/free-pro-team@latest/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits", ' +
    '"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}',
);

describe('a rate limit', () => {
  it.each([
    ['429', 429, ''],
    ["ghcr.io's", 403, GHCR_LIMIT],
    ['a pull limit as 403', 403, errors('DENIED', '1.2.3.4 request exceeded pull rate limit')],
    ["Amazon ECR's", 400, errors('ThrottlingException', 'Rate exceeded')],
    ['one by its code', 403, errors('TOOMANYREQUESTS', 'slow down')],
    ["a proxy's", 503, 'rate limit of the upstream'],
  ])('is recognised: %s', async (_, status, body) => {
    const { error, requests } = await errorFor({ status, body });
    expect(error).toMatchObject({ isRateLimit: true, retryable: true, status });
    expect(error.message).not.toMatch(/Link the package|credentials/);
    expect(requests).toBe(3);
  });

  it.each([
    ['a full project', 403, errors('DENIED', 'will exceed the configured upper limit of 10.0 MiB')],
    ["a plan's", 403, errors('DENIED', 'registry contains 1 repositories, limit is 1')],
    ['a missing tag with such a name', 404, errors('MANIFEST_UNKNOWN', 'rate limit')],
    ['a web page', 403, '<html>rate limit'],
  ])('is not: %s', async (_, status, body) => {
    expect((await errorFor({ status, body })).error).toMatchObject({ isRateLimit: false, retryable: false });
  });
});

describe('a refusal', () => {
  it("that reports an outage of a service behind it is retried: ghcr.io's", async () => {
    const body = errors(
      'DENIED',
      'permission_denied: unable to connect to authzd server: twirp error bad_route: Error from intermediary with HTTP status code 404',
    );
    expect((await errorFor({ status: 403, body })).requests).toBe(3);
  });

  it('with a web page is not blamed on credentials', async () => {
    const { error } = await errorFor({ status: 403, body: '<html><title>Access Denied</title>' });
    expect(error.message).toMatch(/HTML page\. Something in front of r\.example, such as a firewall/);
    expect(error.message).not.toContain('redentials');
  });
});
