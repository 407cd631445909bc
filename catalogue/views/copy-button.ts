import type { App } from '../app.ts';
import { h, icon } from '../dom.ts';

const DONE_MS = 1500;

/** @param what names what is copied, for screen readers. Default: the text */
export function copyButton(app: App, text: string, what = text): HTMLElement {
  const label = app.texts().copy(what);
  const copy = async (): Promise<void> => {
    if (!(await app.copy(text))) return;
    button.replaceChildren(icon('done'));
    setTimeout(() => button.replaceChildren(icon('copy')), DONE_MS);
  };
  const onclick = (): void => void copy();
  const button = h(
    'button',
    { type: 'button', class: 'copy', 'aria-label': label, title: label, onclick },
    icon('copy'),
  );
  return button;
}
