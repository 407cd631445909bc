import type { Data } from './data.ts';
import { byId } from './dom.ts';
import { type Language, type Texts, LANGUAGES, formatNumber } from './i18n.ts';
import { type Route, parseRoute } from './reference.ts';

/** What all views share. */
export interface App {
  readonly data: Data;
  readonly language: () => Language;
  readonly texts: () => Texts;
  readonly number: (count: number) => string;
  readonly route: () => Route;
  /** Shows a message for a moment, and has screen readers say it. */
  readonly say: (message: string) => void;
  /** Copies `text`, and says whether that worked. */
  readonly copy: (text: string) => Promise<boolean>;
}

export function createApp(data: Data, language: () => Language): App {
  const texts = (): Texts => LANGUAGES[language()];
  const say = (message: string): void => showToast(message);
  return {
    data,
    language,
    texts,
    number: (count) => formatNumber(count, language()),
    route: () => parseRoute(location.hash),
    say,
    copy: async (text) => {
      const isDone = await copyText(text);
      say(isDone ? texts().copied : texts().notCopied);
      return isDone;
    },
  };
}

const TOAST_MS = 2500;
let timer = 0;

function showToast(message: string): void {
  const toast = byId('toast');
  toast.textContent = message;
  toast.classList.add('shown');
  clearTimeout(timer);
  timer = setTimeout(() => toast.classList.remove('shown'), TOAST_MS);
}

/** Where the clipboard is not allowed, as in a frame, the older way may be. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'hidden';
    document.body.append(area);
    area.select();
    const isDone = document.execCommand('copy');
    area.remove();
    return isDone;
  }
}

/** What was chosen before. Pages that are opened as files may have no storage. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It is chosen again next time.
  }
}
