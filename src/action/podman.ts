import { join } from 'node:path';
import {
  type CredentialLookup,
  type RunHelper,
  authFileCredentials,
  firstCredential,
} from '../oci/auth/credentials.ts';
import { MISSING, readAuthFile } from '../oci/auth/docker-config.ts';
import { homeFolder } from './environment.ts';

/** GitHub's runners have such files in folders that only root may enter. */
const NOT_READABLE: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

/**
 * Looks up credentials where podman, buildah and skopeo keep them. A file that `REGISTRY_AUTH_FILE` names is the only one.
 * https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
 *
 * @throws Error naming the file when it has another form, or REGISTRY_AUTH_FILE names one that can't be read
 */
export function podmanCredentials(runHelper: RunHelper): CredentialLookup {
  const { REGISTRY_AUTH_FILE: explicit, XDG_RUNTIME_DIR: runtime, XDG_CONFIG_HOME: config } = process.env;
  const lookup = (path: string, absent: ReadonlySet<string>): CredentialLookup =>
    authFileCredentials({ read: async () => readAuthFile(path, absent), name: path }, runHelper);
  if (explicit) return lookup(explicit, MISSING);
  const folders = [
    runtime || `/run/containers/${process.getuid?.() ?? 0}`,
    config || join(homeFolder(), '.config'),
  ];
  const paths = folders.map((folder, index) =>
    index === 0 && !runtime ? join(folder, 'auth.json') : join(folder, 'containers', 'auth.json'),
  );
  return firstCredential(paths.map((path) => lookup(path, NOT_READABLE)));
}
