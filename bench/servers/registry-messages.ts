import * as v from 'valibot';

const registry = v.number();

const Command = v.variant('kind', [
  v.object({ kind: v.literal('start'), key: v.exactOptional(v.string()), cert: v.exactOptional(v.string()) }),
  /** Leads the proxy's clients from `host:port` names to a port of loopback. */
  v.object({ kind: v.literal('route'), names: v.array(v.string()), port: v.number() }),
  v.object({ kind: v.literal('processor') }),
  v.object({ kind: v.picklist(['count', 'empty', 'join', 'verify']), registry }),
  v.object({ kind: v.literal('lists'), registry, lists: v.array(v.tuple([v.string(), v.string()])) }),
]);
export type Command = v.InferOutput<typeof Command>;

const Answer = v.union([
  v.object({ error: v.string() }),
  v.object({ hosts: v.array(v.string()) }),
  v.object({ seconds: v.number() }),
  v.object({
    seen: v.array(
      v.object({
        method: v.string(),
        path: v.string(),
        start: v.number(),
        end: v.number(),
        received: v.number(),
        sent: v.number(),
      }),
    ),
  }),
]);
export type Answer = v.InferOutput<typeof Answer>;

export const parseCommand = (message: unknown): Command => v.parse(Command, message);
export const parseAnswer = (message: unknown): Answer => v.parse(Answer, message);
