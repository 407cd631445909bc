import { type Dispatcher, errors } from 'undici';
import { forwarding } from './forwarding.ts';

/** The body of an upload, and the handler of its response. */
interface Upload {
  readonly body: AsyncIterable<Uint8Array>;
  readonly handler: Dispatcher.DispatchHandler;
}

/**
 * The same upload, which fails once its target has taken nothing for `timeout` milliseconds. undici has one timeout for the wait for
 * room to send and the wait for the response, which may take hours for a large blob. A source that stands still does not count.
 */
export function failingWhenStalled({ body, handler }: Upload, timeout: number): Upload {
  let controller: Dispatcher.DispatchController | undefined;
  const onStall = (): void => controller?.abort(new errors.HeadersTimeoutError('The upload was stalled'));
  return {
    body: watched(body, timeout, onStall),
    handler: {
      ...forwarding(handler),
      onRequestStart: (started, context) => {
        controller = started;
        handler.onRequestStart?.(started, context);
      },
    },
  };
}

/** Passes `body` on, and calls `onStall` when its reader keeps a chunk for `timeout` milliseconds without taking the next one. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  timeout: number,
  onStall: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let isHeld = false;
  const timer = setTimeout(() => {
    if (isHeld) onStall();
  }, timeout).unref();
  try {
    for await (const chunk of body) {
      isHeld = true;
      timer.refresh();
      yield chunk;
      isHeld = false;
    }
  } finally {
    clearTimeout(timer);
  }
}
