import type { LimitFunction } from 'p-limit';
import type { RegistryClient } from '../../oci/client.ts';
import type { Member } from '../meetings.ts';

/** When an image may be written to its target. */
export interface Turn {
  /** Limits the number of images that are written at the same time; other images are read ahead or read back meanwhile. */
  readonly writing: LimitFunction;
  /** The copy's part in the meeting of those that read the same, if there are others. */
  readonly member?: Member<RegistryClient>;
}

/** Runs `write` when its turn has come, which is the same for all copies that read the same. */
export async function inTurn<T>({ writing, member }: Turn, write: () => Promise<T>): Promise<T> {
  await member?.reach('written');
  return writing(write);
}
