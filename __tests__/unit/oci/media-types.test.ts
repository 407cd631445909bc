import { describe, expect, it } from 'vitest';
import {
  DOCKER_LIST,
  DOCKER_MANIFEST,
  MANIFEST_ACCEPT,
  OCI_INDEX,
  OCI_MANIFEST,
  SCHEMA1,
  SCHEMA1_SIGNED,
  isIndexType,
  isManifestType,
  isSchema1Type,
} from '../../../src/oci/media-types.ts';

const TYPES = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, SCHEMA1, SCHEMA1_SIGNED];

describe('media types of manifests', () => {
  it('are all accepted, and nothing else is', () => {
    expect(MANIFEST_ACCEPT.split(', ').toSorted()).toEqual(TYPES.toSorted());
    expect(TYPES.every(isManifestType)).toBe(true);
    expect(isManifestType('application/vnd.oci.artifact.manifest.v1+json')).toBe(false);
    expect(isManifestType('application/json')).toBe(false);
  });

  it('are those of an index, of an image, or of schema1', () => {
    expect(TYPES.filter(isIndexType)).toEqual([OCI_INDEX, DOCKER_LIST]);
    expect(TYPES.filter(isSchema1Type)).toEqual([SCHEMA1, SCHEMA1_SIGNED]);
  });
});
