import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CopiedImage, NamespaceResult } from '../../../src/mirror/result.ts';
import { formatTime, insertSection, renderSection, routeOf } from '../../../src/record/changelog.ts';
import { namespaceResult } from '../../support/fixtures/results.ts';

const TIME = new Date('2026-11-24T12:30:05Z');
const TARGET = 'docker.io/mirror';
const JOB = { runKey: '123.abcd', namespace: 'gcr.io/ns' };

function copied(image: string, added: string[], updated: string[] = [], bytes = 0): CopiedImage {
  return {
    image,
    target: `docker.io/mirror/${image}`,
    digest: `sha256:${'a'.repeat(64)}`,
    added,
    updated,
    bytes,
  };
}

function result(items: CopiedImage[], namespace = JOB.namespace, target = TARGET): NamespaceResult {
  return namespaceResult({ namespace, target, copied: items });
}

function sectionOf(items: CopiedImage[], { runKey, namespace } = JOB): string {
  return renderSection(result(items, namespace), { time: TIME, timezone: 'UTC', runKey });
}

/** `current` with the section of a job. */
function insert(current: string | undefined, section: string, { runKey, namespace }: typeof JOB): string {
  return insertSection(current, section, { runKey, route: routeOf({ namespace, target: TARGET }) });
}

describe('renderSection', () => {
  const section = sectionOf([
    copied('static', ['latest'], [], 200_000_000),
    copied('base/nested', ['v2'], ['latest'], 1_000_000_000),
    copied('base/nested', ['v1'], ['debug']),
  ]);

  it('starts with the time, the source and the target', () => {
    const [heading] = section.split('\n');
    expect(heading).toContain('2026-11-24 12:30:05');
    expect(heading).toMatch(/^## .*gcr\.io\/ns.* → .*docker\.io\/mirror/);
  });

  it('renders this text', () => {
    const { runKey } = JOB;
    const text = renderSection(
      result([copied('static', ['v1'], [], 999), copied('base', ['v2'], ['latest'], 1_234_567)]),
      { time: TIME, timezone: 'Asia/Shanghai', runKey },
    );
    expect(text).toBe(`## 2026-11-24 20:30:05 UTC+8: \`gcr.io/ns\` → \`docker.io/mirror\`

2 tags added, 1 updated, 1.2 MB

- \`base\`: added \`v2\`; updated \`latest\`
- \`static\`: added \`v1\`

<!-- sync 123.abcd%20gcr.io%2Fns%20docker.io%2Fmirror -->
`);
  });

  it('states the counts and the bytes', () => {
    expect(section).toMatch(/^3 tags added, 2 updated, 1\.2 GB$/m);
  });

  it('has one line per image with the tags of all its digests, sorted', () => {
    const lines = section.split('\n').filter((line) => line.startsWith('- '));
    expect(lines).toEqual([
      '- `base/nested`: added `v1`, `v2`; updated `debug`, `latest`',
      '- `static`: added `latest`',
    ]);
  });

  it('names the first dozen tags and counts the others', () => {
    const tags = Array.from({ length: 20 }, (_, index) => `v${index + 10}`);
    const text = sectionOf([copied('base', tags)]);
    expect(text).toContain('`v21` and 8 more');
    expect(text).not.toContain('v22');
  });

  it('names fewer tags per image, then only their number, when it would be long', () => {
    const tags = Array.from({ length: 12 }, (_, index) => `v1.2.${index}`);
    const images = Array.from({ length: 1461 }, (_, index) => copied(`image-${1000 + index}`, tags));
    const fewer = sectionOf(images.slice(0, 1000));
    expect(fewer).toContain('- `image-1999`: added `v1.2.0`, `v1.2.1`, `v1.2.10` and 9 more\n');
    const text = sectionOf(images);
    expect(text).toContain('17,532 tags added');
    expect(text).toContain('- `image-2460`: added 12 tags\n');
    expect(Buffer.byteLength(text)).toBeLessThan(65 * 1024);
  });

  it('names as many images as fit, and counts the rest', () => {
    const images = Array.from({ length: 129_378 }, (_, index) => copied(`image-${100_000 + index}`, ['v1']));
    const text = sectionOf(images);
    const lines = text.split('\n').filter((line) => line.startsWith('- `'));
    expect(Buffer.byteLength(text)).toBeLessThan(65 * 1024);
    expect(lines.length).toBeGreaterThan(1500);
    const rest = (129_378 - lines.length).toLocaleString('en-US');
    expect(text).toContain(`\n- and ${rest} more images with ${rest} tags, all in the namespace manifest\n`);
  });

  it('keeps to a smaller size when many namespaces share a run', () => {
    const images = Array.from({ length: 500 }, (_, index) => copied(`image-${index}`, ['v1', 'v2']));
    const options = { time: TIME, timezone: 'UTC', runKey: 'r', maxBytes: 4096 };
    expect(Buffer.byteLength(renderSection(result(images), options))).toBeLessThan(4096 + 400);
  });

  it('escapes markup from registries', () => {
    const text = sectionOf([copied('a`<img>', ['b|c\n## d'])]);
    expect(text.match(/^## /gm)).toHaveLength(1);
    expect(text.split('\n').filter((line) => line.startsWith('- '))).toHaveLength(1);
    expect(text).toMatch(/`[^`]*<img>`/);
  });
});

describe('formatTime', () => {
  it.each([
    ['UTC', '2026-11-24 12:30:05 UTC'],
    ['Asia/Shanghai', '2026-11-24 20:30:05 UTC+8'],
    ['America/New_York', '2026-11-24 07:30:05 UTC-5'],
    ['Asia/Kolkata', '2026-11-24 18:00:05 UTC+5:30'],
  ])('is local in %s', (timezone, text) => {
    expect(formatTime(TIME, timezone)).toBe(text);
  });

  it('writes midnight as 00', () => {
    expect(formatTime(new Date('2026-01-01T00:00:00Z'), 'UTC')).toBe('2026-01-01 00:00:00 UTC');
  });

  it('writes UTC as any zone without an offset', () => {
    const years = { min: new Date('1971-01-01'), max: new Date('2999-01-01'), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(years), (time) => {
        expect(formatTime(time, 'UTC')).toBe(formatTime(time, 'Africa/Abidjan'));
      }),
    );
  });
});

describe('insertSection', () => {
  const section = sectionOf([copied('base', ['v1'])]);

  it('starts a new file with a heading', () => {
    expect(insert(undefined, section, JOB)).toBe(`# Changelog\n\n${section}`);
  });

  it('inserts before the newest section, below the introduction', () => {
    const top = '# Mirror log\n\nKept by a workflow.\n\n';
    const old = '## 2025-01-01\n\n- old\n';
    expect(insert(top + old, section, JOB)).toBe(`${top}${section}\n${old}`);
  });

  it('keeps the sections of many runs newest first', () => {
    const jobs = ['1', '2', '3'].map((runKey) => ({ ...JOB, runKey }));
    const text = jobs.reduce<string | undefined>(
      (before, job) => insert(before, sectionOf([copied(`image-${job.runKey}`, ['v1'])], job), job),
      '# Changelog\n\nBy hand.\n',
    );
    expect(text?.match(/By hand|image-\d/g)).toEqual(['By hand', 'image-3', 'image-2', 'image-1']);
  });

  it('appends to a file that has no sections', () => {
    expect(insert('Notes', section, JOB)).toBe(`Notes\n\n${section}`);
  });

  it('keeps CRLF line ends', () => {
    const text = insert('# Changelog\r\n\r\n## old\r\n', section, JOB);
    expect(text.replaceAll('\r\n', '')).not.toContain('\n');
    expect(insert(text, section, JOB)).toBe(text);
  });

  it('replaces the section of the same job in place', () => {
    const other = { runKey: '124.ffff', namespace: JOB.namespace };
    const first = insert('# Changelog\n\n## old\n\n- kept\n', section, JOB);
    const second = insert(first, sectionOf([copied('base', ['v8', 'v9'])], other), other);
    const grown = insert(second, sectionOf([copied('base', ['v1', 'v2'])]), JOB);
    expect(grown).toBe(
      second.replace('1 tag added', '2 tags added').replace('added `v1`', 'added `v1`, `v2`'),
    );
  });

  it('keeps a section for each namespace and job of a run', () => {
    const jobs = [
      JOB,
      { ...JOB, namespace: 'gcr.io/ns2' },
      { ...JOB, namespace: 'gcr.io/n' },
      { ...JOB, runKey: '123.abce' },
    ];
    const text = jobs.reduce<string | undefined>(
      (before, job) => insert(before, sectionOf([copied('base', ['v1'])], job), job),
      undefined,
    );
    expect(text?.match(/^## /gm)).toHaveLength(jobs.length);
  });

  it('keeps a section for each target of a namespace', () => {
    const targets = [TARGET, 'ghcr.io/mirror'];
    const text = targets.reduce<string | undefined>((before, target) => {
      const one = renderSection(result([copied('base', ['v1'])], JOB.namespace, target), {
        time: TIME,
        timezone: 'UTC',
        runKey: JOB.runKey,
      });
      const key = { runKey: JOB.runKey, route: routeOf({ namespace: JOB.namespace, target }) };
      return insertSection(insertSection(before, one, key), one, key);
    }, undefined);
    expect(
      text?.match(/^## .*→.*$/gm)?.map((line) => targets.find((target) => line.includes(target))),
    ).toEqual(targets.toReversed());
  });

  const lines = fc.constantFrom('# Changelog', '## 2025', '### Sub', '- item', 'text', '```', '');
  const texts = fc
    .tuple(fc.array(lines, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), fc.boolean())
    .map(([some, newline, ends]) => some.join(newline) + (ends ? newline : ''))
    .filter((text) => text.trim() !== '');

  it('keeps all of the former text', () => {
    fc.assert(
      fc.property(texts, (before) => {
        const after = insert(before, section, JOB);
        const newline = before.includes('\r\n') ? '\r\n' : '\n';
        const own = section.replaceAll('\n', newline);
        const at = after.indexOf(own);
        expect(at).not.toBe(-1);
        const [start, end] = [after.slice(0, at), after.slice(at + own.length)];
        // Besides the section, only an empty line is new.
        expect(before.startsWith(start.trimEnd())).toBe(true);
        expect(before.endsWith(end.trimStart())).toBe(true);
        expect((start + end).replaceAll(/\s/g, '')).toBe(before.replaceAll(/\s/g, ''));
      }),
    );
  });

  it('adds a section once, however often it is called', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 3 }), (before, between) => {
        let text = insert(before, section, JOB);
        for (let index = 0; index < between; index += 1) {
          const job = { runKey: `other.${index}`, namespace: JOB.namespace };
          text = insert(text, sectionOf([copied('x', ['v'])], job), job);
        }
        expect(insert(text, section, JOB)).toBe(text);
      }),
    );
  });

  it('keeps namespaces apart whose markers could be the same', () => {
    const namespaces = ['gcr.io/a--b', 'gcr.io/a_b', 'gcr.io/a---b'];
    const text = namespaces.reduce<string | undefined>((before, namespace) => {
      const job = { runKey: 'k', namespace };
      return insert(before, sectionOf([copied('base', ['v1'])], job), job);
    }, undefined);
    expect(text?.match(/^## /gm)).toHaveLength(3);
  });

  it('keeps the text below a section that it replaces', () => {
    const text = `${insert('# Changelog\n', section, JOB)}\n# Before 2020\n\nold text\n`;
    expect(insert(text, sectionOf([copied('base', ['v2'])]), JOB)).toContain('old text');
  });

  it('inserts above sections whose headings are deeper', () => {
    const text = insert('# Changelog\n\n### 2019\n\n- x\n', section, JOB);
    expect(text.indexOf('### 2019')).toBeGreaterThan(text.indexOf('## 2026'));
  });

  it('replaces no section of another job when its own heading was removed by hand', () => {
    const [one, two] = [
      { ...JOB, runKey: 'one' },
      { ...JOB, runKey: 'two' },
    ];
    const before = insert(
      insert(undefined, sectionOf([copied('base', ['v1'])], one), one),
      sectionOf([copied('base', ['v2'])], two),
      two,
    );
    const headless = before.replace(/## [^\n]*\n(?![\s\S]*## )/, '');
    const after = insert(headless, sectionOf([copied('base', ['v3'])], one), one);
    expect(after).toContain('`v2`');
    expect(after).toContain('`v3`');
  });
});
