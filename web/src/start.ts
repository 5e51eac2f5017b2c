// What the page was given by the server: kinds and their legend, words in the language of the page, where to begin.

export type Item = { key: string; look: string; colour: string | null; label: string };
export type Kind = {
  name: string;
  label: string;
  plural: string;
  group: string;
  danger: boolean;
  shapes: string[];
  shown: boolean;
  items: Item[];
};
type Start = {
  kinds: Kind[];
  words: Record<string, string>;
  bounds: [number, number, number, number] | null;
  extent: [number, number, number, number][];
  base: string;
  places: string;
  today: string;
};

export const start: Start = JSON.parse(document.getElementById("config")!.textContent!);
export const rightToLeft = document.documentElement.dir === "rtl";
export const items = new Map(start.kinds.flatMap((kind) => kind.items.map((item) => [item.key, item] as const)));

/** What one record on a line of the legend is called. */
const single = new Map(start.kinds.filter((kind) => kind.items.length === 1).map((kind) => [kind.items[0].key, kind.label]));
export const called = (item: Item): string => single.get(item.key) ?? item.label;

/** The words for a key with its facts filled in; an unknown key is a fault and throws. */
export function say(key: string, facts: Record<string, string | number> = {}): string {
  const words = start.words[key];
  if (words === undefined) throw new Error(`no words for ${key}`);
  return words.replace(/\{(\w+)\}/g, (whole, name) => (name in facts ? String(facts[name]) : whole));
}

/** A whole number with thin-space thousands. */
export function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A whole or partial ISO day in words, as the server writes it. */
export function day(iso: string): string {
  const [year, month, date] = iso.slice(0, 10).split("-");
  if (!month) return year;
  const name = say(`date.month.${Number(month)}`);
  return date ? say("date.day", { day: Number(date), month: name, year }) : `${name} ${year}`;
}

/** One element of the page; a page without it is a fault. */
export function one<T extends Element = HTMLElement>(selector: string, within: ParentNode = document): T {
  const found = within.querySelector<T>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
