import { expect, it } from 'vitest';
import { ReadAnswer } from '../../../src/github/read-answer.ts';

it('has the bytes as they came, and as text and buffer', async () => {
  const bytes = new TextEncoder().encode('{"a": "ä"}');
  const headers = new Headers({ 'content-type': 'application/json' });
  const answer = new ReadAnswer({ status: 200, url: 'https://api.example/x', headers }, bytes);
  expect(answer).toMatchObject({ status: 200, url: 'https://api.example/x' });
  expect(answer.body).toBe(bytes);
  expect(await answer.text()).toBe('{"a": "ä"}');
  expect(new Uint8Array(await answer.arrayBuffer())).toEqual(bytes);
});
