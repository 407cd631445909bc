/** Fails if a document names or links a file, a folder or a heading of this repository that does not exist. */
import { fileURLToPath } from 'node:url';
import { findBrokenLinks } from './doc-links.ts';

const broken = findBrokenLinks(fileURLToPath(new URL('../', import.meta.url)));
if (broken.length > 0)
  throw new Error(`Documents name files or headings that do not exist:\n${broken.join('\n')}`);
