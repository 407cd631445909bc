import { type Namespace, formatNamespace } from '../mirror/namespace.ts';
import {
  DEFAULT_MANIFEST_PATH,
  MANIFEST_PATH_PER_TARGET,
  isRepositoryPath,
  recordPath,
} from '../mirror/record-path.ts';
import type { NamespaceSettings } from '../mirror/settings.ts';
import { type InputReader, show } from './reader.ts';

/** Where and how a run is recorded. */
export interface MetadataInputs {
  readonly owner: string;
  readonly repo: string;
  /** Absent: the repository's default branch. */
  readonly branch?: string;
  readonly token: string;
  readonly manifestPath: string;
  /** Absent: no changelog is kept. */
  readonly changelogPath?: string;
  readonly timezone: string;
  readonly commitMessage?: string;
  readonly committer?: { readonly name: string; readonly email: string };
}

/**
 * Reads where and how to record. `checkRecordPaths` then checks the paths of manifests.
 *
 * @param dryRun if true, the workflow's own token stands in for an empty `github-token`: it reads public repositories
 */
export function readMetadata(reader: InputReader, dryRun: boolean): MetadataInputs {
  const repository = reader.required('metadata-repository', 'owner/name of the repository to record in');
  const [, owner = '', repo = ''] = /^([A-Za-z0-9][A-Za-z0-9_-]*)\/([A-Za-z0-9._-]+)$/.exec(repository) ?? [];
  if (repository !== '' && (owner === '' || /^\.{1,2}$/.test(repo))) {
    reader.problem('metadata-repository', `${show(repository)} is not of the form owner/name`);
  }
  const branch = reader.optional('metadata-branch');
  if (
    branch !== undefined &&
    (/[\s~^:?*[\\\p{Cc}]|\.\.|@\{|\/\/|^[-/]|[/.]$/u.test(branch) || branch.endsWith('.lock'))
  ) {
    reader.problem('metadata-branch', `${show(branch)} is not the name of a branch`);
  }
  const committer = readCommitter(reader);
  const changelogPath = readChangelogPath(reader);
  const commitMessage = reader.optional('commit-message');
  return {
    owner,
    repo,
    ...(branch !== undefined && { branch }),
    token: readToken(reader, dryRun),
    manifestPath: reader.required('manifest-path', 'a template such as {registry}/{namespace}.json'),
    ...(changelogPath !== undefined && { changelogPath }),
    timezone: readTimezone(reader),
    ...(commitMessage !== undefined && { commitMessage }),
    ...(committer && { committer }),
  };
}

/** A workflow of a fork or of Dependabot has no secrets, so that an input that names one is empty. */
function readToken(reader: InputReader, dryRun: boolean): string {
  const workflowToken = dryRun ? reader.text('workflow-token') : '';
  if (reader.text('github-token') === '' && workflowToken !== '') return workflowToken;
  return reader.required(
    'github-token',
    'a token that may read and write the metadata repository; check that the secret exists',
  );
}

const OUTSIDE = 'is not a path inside the repository: no empty part, ".", ".." or ".git", no "\\"';

function readChangelogPath(reader: InputReader): string | undefined {
  const path = reader.optional('changelog-path');
  if (path !== undefined && !isRepositoryPath(path))
    reader.problem('changelog-path', `${show(path)} ${OUTSIDE}`);
  return path;
}

/**
 * The template of namespace manifests: if the input is not set, it depends on whether there are several targets.
 *
 * @param targets all that inputs and config file name, also those of namespaces that this job does not mirror
 */
export function effectiveManifestPath(template: string, targets: readonly Namespace[]): string {
  const isDefault = template === DEFAULT_MANIFEST_PATH;
  return isDefault && new Set(targets.map(formatNamespace)).size > 1 ? MANIFEST_PATH_PER_TARGET : template;
}

/** Checks that each namespace of each target is recorded in a file of its own, inside the repository. */
export function checkRecordPaths(
  reader: InputReader,
  {
    manifestPath: template,
    changelogPath: changelog,
  }: Pick<MetadataInputs, 'manifestPath' | 'changelogPath'>,
  settings: readonly Pick<NamespaceSettings, 'namespace' | 'target'>[],
): void {
  if (template === '') return;
  const owners = new Map<string, { readonly name: string; readonly target: string }>();
  for (const { namespace, target } of settings) {
    const path = recordPath(template, namespace, target);
    const owner = owners.get(path);
    const name = formatNamespace(namespace);
    const targetName = formatNamespace(target);
    if (!isRepositoryPath(path)) reader.problem('manifest-path', `${show(path)}, for ${name}, ${OUTSIDE}`);
    else if (path === changelog)
      reader.problem(
        'manifest-path',
        `${show(path)}, for ${name}, is the path of the changelog: change one of them`,
      );
    else if (owner !== undefined) {
      const [one, other, placeholders] =
        owner.name === name
          ? [`${name} at ${owner.target}`, `at ${targetName}`, '{target}']
          : [owner.name, name, '{registry} and {namespace}'];
      reader.problem(
        'manifest-path',
        `${one} and ${other} would both be recorded in ${show(path)}: use ${placeholders} in it`,
      );
    }
    owners.set(path, { name, target: targetName });
  }
  checkFolders(reader, [...owners.keys(), ...(changelog === undefined ? [] : [changelog])]);
}

/** In git, a path is either a file or a folder. */
function checkFolders(reader: InputReader, files: readonly string[]): void {
  const inFolder = new Map<string, string>();
  for (const file of files) {
    for (let slash = file.lastIndexOf('/'); slash > 0; slash = file.lastIndexOf('/', slash - 1))
      inFolder.set(file.slice(0, slash), file);
  }
  for (const file of files) {
    const below = inFolder.get(file);
    if (below === undefined) continue;
    reader.problem(
      'manifest-path',
      `${show(file)} would be a file, and also the folder of ${show(below)}: add an ending such as .json`,
    );
  }
}

function readTimezone(reader: InputReader): string {
  const timezone = reader.required('timezone', 'an IANA name such as UTC or Asia/Shanghai');
  // The data of time zones is loaded only if it is needed.
  if (timezone === '' || timezone === 'UTC') return 'UTC';
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone;
  } catch {
    reader.problem('timezone', `${show(timezone)} is not an IANA time zone such as UTC or Asia/Shanghai`);
    return 'UTC';
  }
}

function readCommitter(reader: InputReader): { name: string; email: string } | undefined {
  const text = reader.optional('committer');
  if (text === undefined) return undefined;
  const [, name, email] = /^([^<>\n]+?)\s*<([^<>\s@]+@[^<>\s@]+)>$/.exec(text) ?? [];
  if (name !== undefined && email !== undefined) return { name, email };
  reader.problem('committer', `${show(text)} is not of the form: Name <email>`);
  return undefined;
}
