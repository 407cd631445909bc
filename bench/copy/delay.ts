/** A TCP proxy that delays each direction by 20 ms: `node delay.ts PORT HOST:PORT`. */
import { type Socket, connect, createServer } from 'node:net';

const DELAY = 20;
const [port = '', target = ''] = process.argv.slice(2);
const { hostname, port: targetPort } = new URL(`http://${target}`);

function pass(from: Socket, to: Socket): void {
  let waiting = 0;
  from.on('data', (chunk) => {
    waiting += chunk.length;
    // A window of 4 MB per connection bounds the data in transit.
    if (waiting > 4_000_000) from.pause();
    setTimeout(() => {
      waiting -= chunk.length;
      if (!to.destroyed) to.write(chunk);
      if (from.isPaused() && waiting < 2_000_000) from.resume();
    }, DELAY);
  });
  from.on('end', () => setTimeout(() => to.end(), DELAY));
  from.on('error', () => to.destroy());
  from.on('close', () => setTimeout(() => to.destroy(), DELAY));
}

createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const server = connect({ host: hostname, port: Number(targetPort), noDelay: true, allowHalfOpen: true });
  pass(client, server);
  pass(server, client);
}).listen(Number(port), '127.0.0.1');
