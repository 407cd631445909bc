import type { App } from '../app.ts';
import { type Checked, checkList } from '../check.ts';
import { type Child, h } from '../dom.ts';
import { linkTo } from '../reference.ts';

/** A field for a list of references, and which of them are mirrored. The list stays while other views are shown. */
let pasted = '';

export function checkView(app: App): Child[] {
  const { check, checkHint, checkLabel } = app.texts();
  const results = h('div', { class: 'checked' });
  const area = h('textarea', {
    'aria-label': checkLabel,
    rows: 8,
    spellcheck: 'false',
    autocapitalize: 'off',
    placeholder: 'registry.k8s.io/kube-apiserver:v1.31.2\nregistry.k8s.io/pause:3.10',
    oninput: () => {
      pasted = area.value;
      show();
    },
  });
  const show = (): void => results.replaceChildren(...resultsOf(app, checkList(app.data, area.value)));
  area.value = pasted;
  show();
  return [
    h('section', { class: 'card' }, h('h2', {}, check), h('p', { class: 'hint' }, checkHint), area, results),
  ];
}

function resultsOf(app: App, checked: readonly Checked[]): HTMLElement[] {
  if (checked.length === 0) return [];
  const { checkSummary, copyNames } = app.texts();
  const present = checked.filter(({ state }) => state === 'present');
  const names = present.flatMap(({ mirror }) => mirror ?? []);
  return [
    h(
      'div',
      { class: 'card-head' },
      h(
        'p',
        { role: 'status' },
        h('strong', {}, checkSummary(app.number(present.length), app.number(checked.length))),
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'action',
          disabled: names.length === 0,
          onclick: () => void app.copy(names.join('\n')),
        },
        copyNames,
      ),
    ),
    h('ul', { class: 'check-list' }, ...checked.map((one) => checkedLine(app, one))),
  ];
}

function checkedLine({ texts }: App, { line, state, mirror, ref, tag }: Checked): HTMLElement {
  const { present, noTag, noImage } = texts();
  const label = { present, 'no-tag': noTag, 'no-image': noImage }[state];
  return h(
    'li',
    { class: state },
    h('span', { class: 'state' }, label),
    h('code', {}, line),
    mirror === undefined ? undefined : h('a', { href: linkTo(ref ?? '', tag) }, mirror),
  );
}
