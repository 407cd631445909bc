/** A TCP proxy that is as slow as a network: `node link-process.ts PORT HOST:PORT ROUND_TRIP_MS BYTES_PER_SECOND`. */
import { type Socket, connect, createServer } from 'node:net';

const [port = '', target = '', roundTrip = '', bytesPerSecond = ''] = process.argv.slice(2);
const { hostname, port: targetPort } = new URL(`http://${target}`);
const DELAY_MS = Number(roundTrip) / 2;
const RATE = Number(bytesPerSecond) || Number.POSITIVE_INFINITY;
/** The data of one connection in transit. It bounds a connection to 200 MB/s at 40 ms, and to 80 MB/s at 100 ms. */
const WINDOW = 4_000_000;
/** A connection waits while the others have so much time of the link booked. */
const LONGEST_QUEUE_MS = 50;

/** All connections share the rate of their direction. */
interface Direction {
  /** When the link has sent everything that was given to it. */
  freeAt: number;
}

function pass(from: Socket, to: Socket, direction: Direction, openAt: number): void {
  let inTransit = 0;
  let isFull = false;
  // Timers that are due at the same time may run in any order: each runs the action that is first in line.
  const actions: (() => void)[] = [];
  const after = (action: () => void, bytes: number): void => {
    const now = performance.now();
    direction.freeAt = Math.max(direction.freeAt, now) + (bytes / RATE) * 1000;
    actions.push(action);
    setTimeout(() => actions.shift()?.(), Math.max(openAt, direction.freeAt) - now + DELAY_MS);
  };
  const resume = (): void => {
    const wait = direction.freeAt - performance.now() - LONGEST_QUEUE_MS;
    if (wait > 0) setTimeout(resume, wait);
    else if (inTransit < WINDOW) from.resume();
    else isFull = true;
  };
  from.on('data', (chunk: Buffer) => {
    inTransit += chunk.length;
    after(() => {
      inTransit -= chunk.length;
      if (!to.destroyed) to.write(chunk);
      if (isFull && inTransit < WINDOW / 2) {
        isFull = false;
        resume();
      }
    }, chunk.length);
    if (inTransit > WINDOW || direction.freeAt - performance.now() > LONGEST_QUEUE_MS) {
      from.pause();
      resume();
    }
  });
  from.on('end', () => after(() => to.end(), 0));
  from.on('error', () => to.destroy());
  from.on('close', () => after(() => to.destroy(), 0));
}

const [up, down]: [Direction, Direction] = [{ freeAt: 0 }, { freeAt: 0 }];

createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const server = connect({ host: hostname, port: Number(targetPort), noDelay: true, allowHalfOpen: true });
  // The handshake takes one round trip before the client's first byte.
  pass(client, server, up, performance.now() + 2 * DELAY_MS);
  pass(server, client, down, 0);
}).listen(Number(port), '127.0.0.1');
