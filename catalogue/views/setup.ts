import type { App } from '../app.ts';
import type { Source } from '../data.ts';
import { type Child, h } from '../dom.ts';
import { formatAge } from '../i18n.ts';

/** What is mirrored, and how clients use it without being told each name. */
export function setupView(app: App): Child[] {
  const { sources, files, filesHint, empty, data } = app.texts();
  return [
    h(
      'section',
      { class: 'card' },
      h('h2', {}, sources),
      app.data.sources.length > 0 ? sourceTable(app) : h('p', {}, empty),
    ),
    h('section', { class: 'card' }, h('h2', {}, files), h('p', { class: 'hint' }, filesHint), fileList(app)),
    h('p', {}, h('a', { href: 'catalogue.json' }, data)),
  ];
}

function sourceTable(app: App): HTMLElement {
  const { source, target, lastChange } = app.texts();
  return h(
    'table',
    {},
    h(
      'thead',
      {},
      h('tr', {}, ...[source, target, lastChange].map((text) => h('th', { scope: 'col' }, text))),
    ),
    h('tbody', {}, ...app.data.sources.map((one) => sourceRow(app, one))),
  );
}

function sourceRow(app: App, { name, target, changed, images, tags }: Source): HTMLElement {
  const texts = app.texts();
  const age = formatAge(changed, Date.now(), app.language());
  const counts = [
    images === 1 ? texts.oneImage : texts.images(app.number(images)),
    tags === 1 ? texts.oneTag : texts.tags(app.number(tags)),
  ];
  return h(
    'tr',
    {},
    h(
      'td',
      { 'data-label': texts.source },
      h('a', { href: `#?q=${encodeURIComponent(`${name}/`)}` }, name),
      h('span', { class: 'sub' }, counts.join(' · ')),
    ),
    h('td', { 'data-label': texts.target }, h('code', {}, target)),
    h('td', { 'data-label': texts.lastChange }, h('time', { datetime: changed, title: changed }, age)),
  );
}

/** The files beside the page. What each can do depends on the names at the target; the files say it. */
function fileList({ texts, data }: App): HTMLElement {
  const { registriesConf, hostsToml, kustomize, kubeadm, kyverno } = texts();
  const hosts = new Set(data.sources.map(({ name }) => name.split('/', 1)[0] ?? name));
  const items: (readonly [string, readonly string[]])[] = [
    [registriesConf, ['registries.conf']],
    [hostsToml, Array.from(hosts, (host) => `containerd/${folderOf(host)}/hosts.toml`)],
    [kustomize, ['kustomization.yaml']],
    [kyverno, ['kyverno.yaml']],
    [kubeadm, ['kubeadm.yaml']],
  ];
  return h(
    'ul',
    { class: 'files' },
    ...items.map(([text, paths]) =>
      h(
        'li',
        {},
        h('p', {}, text),
        ...paths.map((path) => h('a', { href: `clients/${path}`, class: 'chip file' }, path)),
      ),
    ),
  );
}

/** containerd's name for the folder of a host with a port. */
function folderOf(host: string): string {
  return host.replace(/:(\d+)$/, '_$1_');
}
