import { describe, expect, it } from 'vitest';
import { isOwnPage, renderPage } from '../../../src/catalogue/page.ts';
import { parseCatalogue } from '../../../src/catalogue/catalogue-file.ts';
import { manifestOf, partFor } from '../../support/fixtures/catalogues.ts';
import { digest } from '../../support/fixtures/digests.ts';

const TEMPLATE = '<html><script type="application/json">{{catalogue}}</script></html>';

describe('renderPage', () => {
  it('puts the data into the page', () => {
    const catalogue = [partFor(manifestOf('gcr.io/a', 'docker.io/b', { x: { v1: digest(1) } }))];
    const [, data = ''] = /json">(.*)<\/script>/s.exec(renderPage(TEMPLATE, catalogue)) ?? [];
    expect(parseCatalogue(Buffer.from(data), 'page')).toEqual(catalogue);
  });

  it('lets nothing end the element that the data is in', () => {
    const platforms = ['</script><img src=x onerror=alert(1)>', '<!--', '$&$1'];
    const hostile = manifestOf('gcr.io/a', 'docker.io/b', {
      x: { v1: { digest: digest(1), target: digest(2), platforms } },
    });
    const page = renderPage(TEMPLATE, [partFor(hostile)]);
    expect(page.split('<')).toHaveLength(TEMPLATE.split('<').length);
    const [, data = ''] = /json">(.*)<\/script>/s.exec(page) ?? [];
    expect(parseCatalogue(Buffer.from(data), 'page')).toEqual([partFor(hostile)]);
  });

  it.each(['<html></html>', '{{catalogue}}{{catalogue}}'])('refuses the page %s', (template) => {
    expect(() => renderPage(template, [])).toThrow(/once/);
  });
});

describe('isOwnPage', () => {
  it('is false for a page that somebody wrote', () => {
    expect(isOwnPage('<html><title>My project</title></html>')).toBe(false);
  });
});
