import { describe, expect, it } from 'vitest';
import { canonicalPlatform, parsePlatform } from '../../../src/oci/platform.ts';

describe('canonicalPlatform', () => {
  // https://github.com/containerd/platforms/blob/v1.0.0/database.go
  it.each([
    ['linux/arm64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/x86-64', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/i386', 'linux/386'],
    ['linux/386', 'linux/386'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['Linux/ARM64', 'linux/arm64'],
    ['macos/arm64', 'darwin/arm64'],
    ['windows/amd64', 'windows/amd64'],
    ['linux/s390x', 'linux/s390x'],
    ['unknown/unknown', 'unknown/unknown'],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalPlatform(parsePlatform(text))).toBe(canonical);
    expect(canonicalPlatform(parsePlatform(canonical))).toBe(canonical);
  });
});
