import type { Digest } from '../../src/oci/digest.ts';

/** A digest that differs for each number. */
export function digest(number: number): Digest {
  return `sha256:${number.toString(16).padStart(64, '0')}`;
}
