import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { headerOf, listHeaderOf, readBody } from '../../../../src/oci/http/message.ts';
import { responseOf } from '../../../support/fixtures/responses.ts';

const MIB = 1024 ** 2;

describe('readBody', () => {
  it('returns a body up to the limit', async () => {
    const body = Buffer.alloc(MIB, 'a');
    expect(Buffer.from(await readBody(await responseOf({}, body), MIB))).toEqual(body);
    expect(await readBody(await responseOf(), MIB)).toHaveLength(0);
  });

  it('refuses a longer body', async () => {
    await expect(readBody(await responseOf({}, Buffer.alloc(MIB + 1)), MIB)).rejects.toThrow(
      /the response is longer than 1 MiB/,
    );
  });

  it('returns what a gateway compressed, and refuses what is longer without the compression', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const compressed = gzipSync(Buffer.alloc(MIB));
    expect(await readBody(await responseOf(headers, compressed), MIB)).toHaveLength(MIB);
    await expect(readBody(await responseOf(headers, compressed), MIB - 1)).rejects.toThrow(/is longer than/);
  });
});

describe('headerOf', () => {
  it('returns the first value, and listHeaderOf all of them', () => {
    const headers = { link: ['<a>', '<b>'], one: 'x' };
    expect(headerOf(headers, 'link')).toBe('<a>');
    expect(listHeaderOf(headers, 'link')).toBe('<a>, <b>');
    expect([headerOf(headers, 'one'), listHeaderOf(headers, 'one')]).toEqual(['x', 'x']);
    expect([headerOf(headers, 'none'), listHeaderOf(headers, 'none')]).toEqual([undefined, undefined]);
  });
});
