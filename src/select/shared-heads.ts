import type { HeadClient } from './digests.ts';

/** Looks each tag up once, whatever the number of targets that it is mirrored to. */
export class SharedHeads implements HeadClient {
  readonly #client: HeadClient;
  readonly #heads = new Map<string, ReturnType<HeadClient['headManifest']>>();
  readonly #lists = new Map<string, ReturnType<HeadClient['listTags']>>();

  constructor(client: HeadClient) {
    this.#client = client;
  }

  readonly headManifest: HeadClient['headManifest'] = async (repository, reference) =>
    once(this.#heads, `${repository}:${reference}`, async () =>
      this.#client.headManifest(repository, reference),
    );

  /** Not kept: only few registries need it, and manifests are large. */
  readonly getManifest: HeadClient['getManifest'] = async (repository, reference) =>
    this.#client.getManifest(repository, reference);

  readonly listTags: HeadClient['listTags'] = async (repository) =>
    once(this.#lists, repository, async () => this.#client.listTags(repository));
}

async function once<T>(running: Map<string, Promise<T>>, key: string, start: () => Promise<T>): Promise<T> {
  let promise = running.get(key);
  if (!promise) running.set(key, (promise = start()));
  return promise;
}
