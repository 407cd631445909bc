/**
 * Registries that keep everything in memory, in a process of their own, so that a measurement is about the client. One of them may
 * also be reached by other names, over TLS and through a proxy. Messages of the parent process steer them.
 */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { startForwardProxy } from '../../__tests__/support/network/proxy.ts';
import { MemoryApi } from './memory-api.ts';
import { Content } from './memory-blobs.ts';
import { type Answer, type Command, parseCommand } from './registry-messages.ts';

const apis: MemoryApi[] = [];
const proxy = await startForwardProxy();

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${portOf(server.address())}`;
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The server has no port');
  return address.port;
}

async function start({ key, cert }: { readonly key?: string; readonly cert?: string }): Promise<Answer> {
  const api = new MemoryApi();
  apis.push(api);
  const options = { keepAliveTimeout: 60_000, noDelay: true };
  const host = await listen(createServer(options, api.answer));
  if (key === undefined || cert === undefined) return { hosts: [host] };
  return { hosts: [host, await listen(createTlsServer({ ...options, key, cert }, api.answer))] };
}

async function carryOut(command: Command): Promise<Answer> {
  if (command.kind === 'start') return start(command);
  if (command.kind === 'route') {
    for (const name of command.names) proxy.routes.set(name, command.port);
    return { hosts: [proxy.host] };
  }
  if (command.kind === 'processor') {
    const { user, system } = process.cpuUsage();
    return { seconds: (user + system) / 1e6 };
  }
  const api = apis[command.registry];
  if (!api) throw new Error(`There is no registry ${command.registry}`);
  if (command.kind === 'empty') api.content = new Content();
  if (command.kind === 'lists') api.lists = new Map(command.lists);
  if (command.kind === 'join') api.content.join();
  if (command.kind === 'verify') api.content.verify();
  const { seen } = api;
  api.seen = [];
  return { seen };
}

process.on('message', (message) => {
  carryOut(parseCommand(message))
    .catch((error: unknown): Answer => ({ error: String(error) }))
    .then((answer) => process.send?.(answer))
    .catch(() => process.exit(1));
});
// The parent process has ended.
process.on('disconnect', () => process.exit(0));
process.send?.({ hosts: [proxy.host] });
