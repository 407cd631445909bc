/** One request as a registry or the server in front of it saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** When it came and when it was answered, in milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  /** Bytes of the request and of the answer: with the headers where nginx counts, without them where the memory registry does. */
  readonly received: number;
  readonly sent: number;
}

/** Requests to one registry since the last count. */
export interface Traffic {
  readonly requests: number;
  readonly received: number;
  readonly sent: number;
  /** GET requests for manifests, which Docker Hub counts as pulls. https://docs.docker.com/docker-hub/usage/pulls/ */
  readonly pulls: number;
  /** When the first GET request for a manifest or blob came, and when the last request was answered. */
  readonly firstRead: number | undefined;
  readonly last: number | undefined;
}

/** Requests for tags, manifests and blobs are counted; the ping of `/v2/` is too. */
export function trafficOf(requests: readonly SeenRequest[]): Traffic {
  const reads = requests.filter(
    ({ method, path }) => method === 'GET' && /\/(?:manifests|blobs)\//.test(path),
  );
  const sum = (of: (one: SeenRequest) => number): number =>
    requests.reduce((total, one) => total + of(one), 0);
  return {
    requests: requests.length,
    received: sum(({ received }) => received),
    sent: sum(({ sent }) => sent),
    pulls: reads.filter(({ path }) => path.includes('/manifests/')).length,
    firstRead: extreme(reads, ({ start }) => start, Math.min),
    last: extreme(requests, ({ end }) => end, Math.max),
  };
}

function extreme(
  requests: readonly SeenRequest[],
  of: (one: SeenRequest) => number,
  choose: (a: number, b: number) => number,
): number | undefined {
  return requests.reduce<number | undefined>(
    (found, one) => (found === undefined ? of(one) : choose(found, of(one))),
    undefined,
  );
}
