/** `npm run dist:packages`: prints what is in dist/ by package, in bytes. */
import { fileURLToPath } from 'node:url';
import { readBundle } from './dist/packages.ts';
import { packagesTable } from './dist/table.ts';

console.log(packagesTable(await readBundle(fileURLToPath(new URL('..', import.meta.url)))));
