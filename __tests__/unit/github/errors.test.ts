import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MetadataError, describeAnswer } from '../../../src/github/errors.ts';

describe('describeAnswer', () => {
  it('is one line, whatever the answer is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (message) => {
        expect(describeAnswer(new Error(message))).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('does not quote a page', () => {
    expect(describeAnswer(new Error('\n<!DOCTYPE html><html>'))).toBe('an HTML page');
    expect(describeAnswer(new Error('Not Found'))).toBe('Not Found');
    expect(describeAnswer('no error')).toBe('no error');
  });
});

describe('MetadataError', () => {
  it('is a refusal unless another kind is given', () => {
    expect(new MetadataError('no').kind).toBe('refused');
    expect(new MetadataError('later', { kind: 'given-up' }).kind).toBe('given-up');
  });
});
