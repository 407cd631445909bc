/** The part of undici's response that is known before its body. */
interface Head {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
}

/**
 * An answer whose body has been read, for Octokit in the place of fetch's Response. What Octokit passes on unread
 * (`parseSuccessResponseBody: false`) are the bytes themselves: a Response would hold a record of several megabytes three times.
 */
export class ReadAnswer implements Head {
  readonly status: number;
  readonly url: string;
  readonly headers: Headers;
  readonly body: Uint8Array;

  constructor({ status, url, headers }: Head, body: Uint8Array) {
    this.status = status;
    this.url = url;
    this.headers = headers;
    this.body = body;
  }

  async text(): Promise<string> {
    return Promise.resolve(new TextDecoder().decode(this.body));
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(new Uint8Array(this.body).buffer);
  }
}
