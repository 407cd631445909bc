import { type MemoryRegistry, refuse, startMemoryRegistry } from '../memory-registry.ts';

/** Harbor, with projects and their rules. */
export interface Harbor extends MemoryRegistry {
  /** Why manifests are refused. */
  refusal: 'immutable' | 'quota' | 'read-only' | undefined;
}

/** @param projects the first name parts of existing repositories */
export async function startHarbor(projects: readonly string[]): Promise<Harbor> {
  const registry = await startMemoryRegistry();
  const harbor: Harbor = Object.assign(registry, { refusal: undefined });
  harbor.intercept = (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', harbor.url);
    const isKnown = (name: string): boolean => projects.includes(name.split('/')[0] ?? '');
    const [, name = '', what, tag] = /^\/v2\/(.+)\/(manifests|blobs|tags)\/(.*)$/.exec(pathname) ?? [];
    if (name !== '' && !isKnown(name)) {
      const denied = `unauthorized to access repository: ${name}, action: push`;
      refuse(response, 401, 'UNAUTHORIZED', `${denied}: ${denied}`);
      return true;
    }
    const from = searchParams.get('from');
    if (from !== null && !isKnown(from)) {
      const denied = `unauthorized to access repository: ${from}, action: pull`;
      refuse(response, 401, 'UNAUTHORIZED', `${denied}: ${denied}`);
      return true;
    }
    if (harbor.refusal === undefined || request.method !== 'PUT' || what !== 'manifests') return false;
    request.resume();
    if (harbor.refusal === 'immutable') {
      const message = `Failed to process request due to '${name.split('/').slice(1).join('/')}:${tag}' configured as immutable.`;
      refuse(response, 412, 'PRECONDITION', message);
    } else if (harbor.refusal === 'quota') {
      const message =
        'adding 2.1 MiB of storage resource, which when updated to current usage of 8.3 MiB will exceed the configured ' +
        'upper limit of 10.0 MiB.';
      refuse(response, 403, 'DENIED', message);
    } else {
      refuse(response, 403, 'DENIED', 'The system is in read only mode. Any modification is prohibited.');
    }
    return true;
  };
  return harbor;
}
