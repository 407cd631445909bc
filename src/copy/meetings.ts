import type { Patience } from './patience.ts';

/** Lets the copies of one digest to several targets reach each stage of their work together, so that they share what is read. */
export class Meetings<Target> {
  readonly #patience: Patience<Target>;
  readonly #meetings = new Map<string, Meeting<Target>>();

  constructor(patience: Patience<Target>) {
    this.#patience = patience;
  }

  /** Adds a copy to the meeting `key`. It must leave when it ends. */
  join(key: string, target: Target): Member<Target> {
    let meeting = this.#meetings.get(key);
    if (!meeting) this.#meetings.set(key, (meeting = new Meeting(this.#patience)));
    const { members } = meeting;
    const member = new Member(meeting, target, () => {
      if (members.size === 0) this.#meetings.delete(key);
    });
    members.add(member);
    return member;
  }
}

/** One copy that takes part in a meeting. */
export class Member<Target> {
  readonly target: Target;
  readonly #meeting: Meeting<Target>;
  readonly #onLeft: () => void;
  readonly #reached = new Set<string>();

  constructor(meeting: Meeting<Target>, target: Target, onLeft: () => void) {
    this.#meeting = meeting;
    this.target = target;
    this.#onLeft = onLeft;
  }

  /** Waits until a copy to each of the other targets has reached `stage` or left, but for those with which patience is at an end. */
  async reach(stage: string): Promise<void> {
    this.pass(stage);
    await this.#meeting.stage(stage);
  }

  /** Reaches `stage` without waiting for the others. */
  pass(stage: string): void {
    this.#reached.add(stage);
    this.#meeting.notify();
  }

  hasReached(stage: string): boolean {
    return this.#reached.has(stage);
  }

  /** The others no longer wait for this copy. May be called more than once. */
  leave(): void {
    this.#meeting.members.delete(this);
    this.#meeting.notify();
    this.#onLeft();
  }
}

class Meeting<Target> {
  readonly members = new Set<Member<Target>>();
  readonly #patience: Patience<Target>;
  readonly #stages = new Map<string, Promise<void>>();
  #changed = Promise.withResolvers<void>();

  constructor(patience: Patience<Target>) {
    this.#patience = patience;
  }

  notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /**
   * Resolves when the copies may go on from `stage`. All get one promise, so that they go on in one order: copies that take turns
   * after two stages take them in the same order at all targets.
   */
  async stage(stage: string): Promise<void> {
    let reached = this.#stages.get(stage);
    if (!reached) this.#stages.set(stage, (reached = this.#untilReached(stage)));
    return reached;
  }

  async #untilReached(stage: string): Promise<void> {
    for (;;) {
      const missing = this.#missing(stage);
      if (missing.length === 0) return;
      if (!(await this.#patience.wait(missing, this.#changed.promise))) return;
    }
  }

  /** The targets none of whose copies has reached `stage`. */
  #missing(stage: string): Target[] {
    const missing = new Set<Target>();
    for (const { target } of this.members) missing.add(target);
    for (const member of this.members) if (member.hasReached(stage)) missing.delete(member.target);
    return Array.from(missing);
  }
}
