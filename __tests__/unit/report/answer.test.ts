import { describe, expect, it } from 'vitest';
import type { Answer } from '../../../src/mirror/request.ts';
import { renderAnswer, renderBrokenOff, renderMistakes } from '../../../src/report/answer.ts';
import { digest } from '../../support/fixtures/digests.ts';
import { renderGfm } from '../../support/fixtures/gfm.ts';

const NGINX: Answer = {
  line: 'docker.io/library/nginx:1.27',
  reference: '1.27',
  repository: 'ghcr.io/me/nginx',
  state: 'mirrored',
  digest: digest(1),
};

describe('the answer', () => {
  it('has a command to pull each image, by tag and digest', () => {
    const { body, isNews } = renderAnswer([
      NGINX,
      { ...NGINX, line: `a.io/b@${digest(2)}`, reference: digest(2), digest: digest(2), state: 'present' },
    ]);
    expect(isNews).toBe(true);
    expect(body).toContain('**2 images can be pulled from the mirror.**');
    expect(body).toContain(
      `\ndocker pull ghcr.io/me/nginx:1.27@${digest(1)}\ndocker pull ghcr.io/me/nginx@${digest(2)}\n`,
    );
    expect(body).toContain('| was mirrored already |');
    expect(body).not.toContain('label');
  });

  it('says why images are missing, and how to try again', () => {
    const { body } = renderAnswer([
      NGINX,
      { ...NGINX, state: 'failed', reason: 'quay.io answered 401: check it' },
      { ...NGINX, state: 'pending' },
      { ...NGINX, state: 'excluded' },
    ]);
    expect(body).toContain('**1 of 4 images can be pulled from the mirror.**');
    expect(body).toContain('could not be mirrored: quay.io answered 401: check it');
    expect(body).toContain('left for another run');
    expect(body).toContain('excluded by the filters');
    expect(body).toContain('Remove the label and add it again');
    expect(body.match(/docker pull/g)).toHaveLength(1);
  });

  it('says that a dry run mirrors nothing', () => {
    const { body } = renderAnswer([{ ...NGINX, state: 'planned' }]);
    expect(body).toContain('A dry run: nothing was mirrored.');
    expect(body).not.toContain('docker pull');
  });

  it('leads to the pull request, or says why there is none', () => {
    const url = 'https://github.com/octo/meta/pull/12';
    expect(renderAnswer([NGINX], { kind: 'proposed', url }).body).toContain(`[\\#\u200b12](${url})`);
    expect(renderAnswer([NGINX], { kind: 'listed' }).body).toContain('The list has these images already.');
    expect(renderAnswer([NGINX], { kind: 'failed', problem: 'allow it' }).body).toContain(': allow it');
    expect(renderAnswer([NGINX], { kind: 'proposed', url: 'javascript:alert(1)' }).body).not.toContain('](');
  });
});

describe('text of strangers', () => {
  const evil = '</td><img src=x onerror=alert(1)> @octo #1 [a](https://evil.example) | `x` <!-- part -->';

  it.each([
    ['reasons', renderAnswer([{ ...NGINX, state: 'failed', reason: evil }]).body],
    ['mistakes', renderMistakes([evil]).body],
    ['errors', renderBrokenOff(evil).body],
    ['proposals', renderAnswer([NGINX], { kind: 'failed', problem: evil }).body],
  ])('is no markup in %s', (_, body) => {
    const html = renderGfm(body);
    expect(html).not.toMatch(/<(?:img|a)\b|<!--/);
    expect(html).not.toMatch(/@octo|#1\b/);
    expect(body).not.toContain('<!--');
  });
});
