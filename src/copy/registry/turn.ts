import type { RegistryClient } from '../../oci/client.ts';
import type { Member } from '../meetings.ts';
import type { Places } from '../../oci/places.ts';

/** When an image may be written to its target. */
export interface Turn {
  /** Limits the images that are written at the same time; other images are read ahead or read back meanwhile. */
  readonly places: Pick<Places, 'run'>;
  /** The copy's part in the meeting of those that read the same, if there are others. */
  readonly member?: Member<RegistryClient>;
}

/**
 * Runs `write` when its turn has come, which is the same for all copies that read the same.
 *
 * @param bytes what it will send, about
 */
export async function inTurn<T>(
  { places, member }: Turn,
  bytes: number,
  write: () => Promise<T>,
): Promise<T> {
  await member?.reach('written');
  return places.run(bytes, write);
}
