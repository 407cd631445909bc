import type { App } from '../app.ts';
import { commandsFor } from '../commands.ts';
import { type Image, type Tag, hasTag, tagsOf } from '../data.ts';
import { type Child, h, icon } from '../dom.ts';
import { type Route, linkTo } from '../reference.ts';
import { VirtualList } from '../virtual-list.ts';
import { copyButton } from './copy-button.ts';

type ImageRoute = Extract<Route, { readonly kind: 'image' }>;

const TAG_HEIGHT = 44;

/** What stays as it was chosen while other images are looked at. */
const choices = { by: 'tag' as 'tag' | 'digest', original: false };

/** The image that an address is about; of several places the one that it names, or else one that has the tag. */
export function chooseImage({ data }: App, { ref, tag, at }: ImageRoute): Image | undefined {
  const images = data.find(ref);
  const named = images.find(({ mirror }) => mirror === at);
  return named ?? images.find((image) => tag === undefined || hasTag(image, tag)) ?? images[0];
}

/** One image: how to pull a tag of it, what is known of the tag, and all its tags. */
export function imageView(app: App, route: ImageRoute): Child[] {
  const { ref, tag, digest } = route;
  const texts = app.texts();
  const image = chooseImage(app, route);
  if (!image) return [backLink(app), missing(texts.missingImage, ref, texts.missingHint)];
  const tags = tagsOf(image);
  const wanted = tags.find((one) => (tag === undefined ? one.digest === digest : one.tag === tag));
  const shown = tag === undefined ? (wanted ?? tags[0]) : wanted;
  return [
    backLink(app),
    heading(app, image, shown?.tag),
    shown ? pullCard(app, image, shown) : missing(texts.missingTag, `${ref}:${tag ?? ''}`, texts.missingHint),
    tagList(app, image, tags, shown?.tag),
  ];
}

export function backLink({ texts }: App): HTMLElement {
  return h('a', { class: 'back', href: '#' }, icon('back'), texts().back);
}

function missing(title: string, name: string, hint: string): HTMLElement {
  return h(
    'div',
    { class: 'card missing' },
    h('h2', {}, title),
    h('p', {}, h('code', {}, name)),
    h('p', {}, hint),
  );
}

function heading(app: App, image: Image, tag: string | undefined): HTMLElement {
  const { mirrorName, chooseMirror } = app.texts();
  const { source } = image.part;
  const images = app.data.find(image.ref);
  const choose = ({ target }: Event): void => {
    const chosen = target instanceof HTMLSelectElement ? images[target.selectedIndex] : undefined;
    if (chosen)
      location.hash = linkTo(image.ref, tag && hasTag(chosen, tag) ? tag : undefined, chosen.mirror);
  };
  return h(
    'header',
    { class: 'image-head' },
    h('p', { class: 'from' }, `${source}/`),
    h('h2', {}, image.ref.slice(source.length + 1)),
    h(
      'p',
      { class: 'mirror' },
      h('span', { class: 'label' }, mirrorName),
      images.length > 1
        ? h(
            'select',
            { 'aria-label': chooseMirror, onchange: choose },
            ...images.map((one) => h('option', { selected: one === image }, one.mirror)),
          )
        : h('code', {}, image.mirror),
      copyButton(app, image.mirror),
    ),
  );
}

function pullCard(app: App, image: Image, tag: Tag): HTMLElement {
  const { pull, by, byTag, byDigest, original } = app.texts();
  const lines = h('div', { class: 'commands' });
  const fill = (): void => {
    const commands = commandsFor(image, tag, choices.by, choices.original);
    lines.replaceChildren(...commands.map(({ client, text }) => commandLine(app, client, text)));
  };
  fill();
  const choice = (value: 'tag' | 'digest', label: string): HTMLElement =>
    h(
      'label',
      {},
      h('input', {
        type: 'radio',
        name: 'by',
        value,
        checked: choices.by === value,
        disabled: value === 'digest' && tag.digest === undefined,
        onchange: () => {
          choices.by = value;
          fill();
        },
      }),
      label,
    );
  const rename = h('input', {
    type: 'checkbox',
    checked: choices.original,
    onchange: () => {
      choices.original = rename.checked;
      fill();
    },
  });
  return h(
    'section',
    { class: 'card' },
    h('h3', {}, pull, ' ', h('code', { class: 'chosen' }, tag.tag)),
    h(
      'div',
      { class: 'options' },
      h(
        'fieldset',
        { class: 'segments' },
        h('legend', {}, by),
        choice('tag', byTag),
        choice('digest', byDigest),
      ),
      h('label', { class: 'switch' }, rename, original),
    ),
    lines,
    facts(app, image, tag),
  );
}

function commandLine(app: App, client: string, text: string): HTMLElement {
  return h(
    'div',
    { class: 'command' },
    h('span', { class: 'client' }, client),
    h('code', { tabindex: '0', role: 'group', 'aria-label': client }, text),
    copyButton(app, text, client),
  );
}

function facts(app: App, image: Image, { digest, source, platforms, same, tag }: Tag): HTMLElement {
  const texts = app.texts();
  const others = same.filter((other) => other !== tag);
  const row = (name: string, ...content: readonly Child[]): HTMLElement =>
    h('div', { class: 'fact' }, h('dt', {}, name), h('dd', {}, ...content));
  return h(
    'dl',
    { class: 'facts' },
    digest === undefined
      ? row(texts.digest, texts.unknownDigest)
      : row(texts.digest, h('code', { class: 'digest' }, digest), copyButton(app, digest)),
    source === undefined
      ? undefined
      : row(
          texts.sourceDigest,
          h('code', { class: 'digest' }, source),
          copyButton(app, source),
          h('p', {}, texts.differs),
        ),
    row(
      texts.platforms,
      ...(platforms?.map((platform) => h('span', { class: 'chip' }, platform)) ?? [texts.allPlatforms]),
    ),
    others.length === 0
      ? undefined
      : row(
          texts.sameImage,
          ...others
            .slice(0, 12)
            .map((other) =>
              h('a', { class: 'chip', href: linkTo(image.ref, other, app.data.placeOf(image)) }, other),
            ),
        ),
  );
}

function tagList(app: App, image: Image, tags: readonly Tag[], chosen: string | undefined): HTMLElement {
  const { allTags, filterTags, number } = { ...app.texts(), number: app.number };
  const place = app.data.placeOf(image);
  const list = new VirtualList<Tag>({
    label: allTags,
    heightOf: () => TAG_HEIGHT,
    render: ({ tag, digest }) =>
      h(
        'a',
        { class: 'tag-line', href: linkTo(image.ref, tag, place), 'aria-current': tag === chosen && 'page' },
        h('span', { class: 'clip' }, tag),
        h('code', { class: 'short' }, digest?.replace(/^sha\d+:/, '').slice(0, 12) ?? ''),
      ),
  });
  const filter = h('input', {
    type: 'search',
    class: 'filter',
    'aria-label': filterTags,
    placeholder: filterTags,
    oninput: () => {
      const words = filter.value.toLowerCase().split(/\s+/);
      list.show(tags.filter(({ tag }) => words.every((word) => tag.toLowerCase().includes(word))));
    },
  });
  list.show(tags);
  list.element.style.height = `${Math.min(tags.length, 9) * TAG_HEIGHT + 2}px`;
  const at = tags.findIndex(({ tag }) => tag === chosen);
  requestAnimationFrame(() => list.reveal(Math.max(0, at)));
  return h(
    'section',
    { class: 'card tags' },
    h(
      'div',
      { class: 'card-head' },
      h('h3', {}, `${allTags} `, h('span', { class: 'count' }, number(tags.length))),
      filter,
    ),
    list.element,
  );
}
