import { type Dispatcher, Headers, MockAgent } from 'undici';

export interface FakeRequest {
  readonly method: string;
  readonly url: URL;
  readonly authorization: string | undefined;
  readonly headers: Headers;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

/** A dispatcher that sends nothing: `answer` answers for hosts of any name. */
export interface FakeNetwork {
  readonly dispatcher: Dispatcher;
  readonly requests: FakeRequest[];
}

export function fakeNetwork(answer: (request: FakeRequest) => FakeAnswer): FakeNetwork {
  const requests: FakeRequest[] = [];
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get(/.*/)
    .intercept({ path: () => true, method: () => true })
    .reply(({ origin = '', path, method, headers }) => {
      const sent = new Headers(headers);
      const authorization = sent.get('authorization') ?? undefined;
      const request = { method, url: new URL(path, origin), authorization, headers: sent };
      requests.push(request);
      const { status, headers: responseHeaders = {}, body = '' } = answer(request);
      return { statusCode: status, data: body, responseOptions: { headers: responseHeaders } };
    })
    .persist();
  return { dispatcher: agent, requests };
}
