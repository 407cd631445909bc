import { createApp, remember, remembered } from './app.ts';
import { Data, type PackedCatalogue } from './data.ts';
import { byId, h, icon } from './dom.ts';
import { type Language, chooseLanguage, formatAge } from './i18n.ts';
import { checkView } from './views/check.ts';
import { Finder, labelFinder } from './views/finder.ts';
import { backLink, chooseImage, imageView } from './views/image.ts';
import { setupView } from './views/setup.ts';

let language: Language = chooseLanguage(remembered('language'), navigator.languages);

/** The data is part of the page, so that it also works when it is opened as a file. */
function readData(): Data {
  // What the action has written and checked; its names are only ever shown as text.
  const packed: PackedCatalogue = JSON.parse(byId('catalogue').textContent);
  return new Data(packed);
}

const app = createApp(readData(), () => language);
const input = h('input', {
  type: 'search',
  id: 'search',
  autocomplete: 'off',
  autocapitalize: 'off',
  spellcheck: 'false',
});
byId('search').replaceWith(input);
const finder = new Finder(app, input);

/** The day of the last run is in a small file of its own, which pages that are opened as files can't read. */
let lastRun: string | undefined;

async function readLastRun(): Promise<void> {
  if (!location.protocol.startsWith('http')) return;
  const answer = await fetch('badge.json', { cache: 'no-cache' });
  const text = answer.ok ? await answer.text() : '';
  lastRun = /(\d{4}-\d\d-\d\d)"/.exec(text)?.[1];
  showAge();
}

function showAge(): void {
  const { lastRun: run, lastChangeOf } = app.texts();
  const { changed } = app.data;
  const age = (time: string): string => formatAge(time, Date.now(), language);
  if (lastRun !== undefined) byId('age').textContent = run(age(lastRun));
  else byId('age').textContent = changed === undefined ? '' : lastChangeOf(age(changed));
}

function showShell(): void {
  const { setup, check, theme, switchLanguage, intro, title } = app.texts();
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  const targets = Array.from(new Set(app.data.sources.map(({ target }) => target)));
  const name = targets.length === 1 ? (targets[0] ?? title) : title;
  document.title = name === title ? title : `${name} · ${title}`;
  byId('brand-name').textContent = name;
  byId('brand-hint').textContent = intro(app.number(app.data.images.length), app.number(app.data.tagCount));
  byId('nav-setup').textContent = setup;
  byId('nav-check').textContent = check;
  byId('language').replaceChildren(icon('globe'), switchLanguage);
  byId('theme').replaceChildren(icon('theme'));
  for (const name of ['aria-label', 'title']) byId('theme').setAttribute(name, theme);
  labelFinder(app, input);
  showAge();
}

function showRoute(): void {
  const route = app.route();
  document.body.dataset['route'] = route.kind;
  byId('nav-setup').toggleAttribute('aria-current', route.kind === 'setup' || route.kind === 'home');
  byId('nav-check').toggleAttribute('aria-current', route.kind === 'check');
  const views = {
    home: () => setupView(app),
    setup: () => [backLink(app), ...setupView(app)],
    check: () => [backLink(app), ...checkView(app)],
    image: () => (route.kind === 'image' ? imageView(app, route) : []),
  };
  const detail = byId('detail');
  detail.replaceChildren(...views[route.kind]().filter((child) => child !== undefined));
  detail.scrollTop = 0;
  finder.refresh(route.kind === 'image' ? chooseImage(app, route)?.mirror : undefined);
  if (route.kind === 'home' && route.query !== undefined && route.query !== input.value.trim())
    finder.query = route.query;
}

function showAll(): void {
  showShell();
  showRoute();
  finder.search();
}

byId('language').addEventListener('click', () => {
  language = language === 'en' ? 'zh' : 'en';
  remember('language', language);
  showAll();
});

const THEMES = ['auto', 'light', 'dark'] as const;

function applyTheme(theme: string | null): void {
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
  else delete document.documentElement.dataset['theme'];
}

byId('theme').addEventListener('click', () => {
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const shown = document.documentElement.dataset['theme'] ?? (isDark ? 'dark' : 'light');
  const next = THEMES[shown === 'dark' ? 1 : 2];
  remember('theme', next);
  applyTheme(next);
});

addEventListener('hashchange', () => {
  showRoute();
  if (app.route().kind !== 'home') byId('detail').focus({ preventScroll: true });
});
// A key that no browser uses: "/" goes to the search, as on many sites.
addEventListener('keydown', (event) => {
  const isTyping =
    event.target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  input.focus();
});

applyTheme(remembered('theme'));
const { route } = app;
const first = route();
if (first.kind === 'home' && first.query !== undefined) input.value = first.query;
showAll();
if (first.kind === 'image') finder.reveal(first.ref);
document.body.classList.add('ready');
void readLastRun().catch(() => undefined);
