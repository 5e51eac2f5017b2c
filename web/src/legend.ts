// The legend: one line a sign with its count, a switch for each, and how many records have no place on any map.
import { remember, state } from "./address";
import { make, number, one, say, start } from "./start";

export type Counts = { count: number; unlocated: number; lines: Record<string, number>; conflicts: number; awaiting: number };

const box = one("#legend .lines");
const numbers = new Map<string, HTMLElement>();
const rows = new Map<string, HTMLElement>();
const unlocated = new Map<string, HTMLAnchorElement>();

/** Build the legend; `changed` is called after each switch. */
export function build(changed: () => void): void {
  const legend = one<HTMLDetailsElement>("#legend");
  if (innerWidth <= 860) legend.open = false;
  for (const kind of start.kinds) {
    const group = make("fieldset", { "data-kind": kind.name });
    const whole = make("input", { type: "checkbox" });
    const switches: HTMLInputElement[] = [];
    const refresh = () => {
      whole.checked = switches.some((one) => one.checked);
      whole.indeterminate = whole.checked && switches.some((one) => !one.checked);
    };
    const total = make("span", { class: "n" });
    numbers.set(kind.name, total);
    group.append(make("legend", {}, make("label", {}, whole, kind.plural, total)));
    for (const item of kind.items) {
      const toggle = make("input", { type: "checkbox", value: item.key });
      toggle.checked = state.lines.has(item.key);
      toggle.addEventListener("change", () => {
        if (toggle.checked) state.lines.add(item.key);
        else state.lines.delete(item.key);
        refresh();
        remember();
        changed();
      });
      switches.push(toggle);
      const count = make("span", { class: "n" });
      const row = make("label", {}, toggle, make("i", { class: `swatch look-${item.look}`, "aria-hidden": "true" }), item.label, count);
      numbers.set(item.key, count);
      rows.set(item.key, row);
      if (kind.items.length > 1) group.append(row);
      else whole.after(make("i", { class: `swatch look-${item.look}`, "aria-hidden": "true" }));
    }
    whole.addEventListener("change", () => {
      for (const [at, item] of kind.items.entries()) {
        switches[at].checked = whole.checked;
        if (whole.checked) state.lines.add(item.key);
        else state.lines.delete(item.key);
      }
      refresh();
      remember();
      changed();
    });
    refresh();
    const nowhere = make("a", { class: "where", href: `/records/${kind.name}?unlocated=1` }, say("web.unlocated"), make("span", { class: "n" }));
    nowhere.hidden = true;
    unlocated.set(kind.name, nowhere);
    group.append(nowhere);
    box.append(group);
  }
}

/** Fill in the counts at the dates of the map. Lines nobody uses are folded away unless they are switched off. */
export function count(kinds: Record<string, Counts>): void {
  for (const kind of start.kinds) {
    const said = kinds[kind.name];
    const group = one<HTMLFieldSetElement>(`fieldset[data-kind="${kind.name}"]`, box);
    group.hidden = said.count === 0 && !kind.danger;
    numbers.get(kind.name)!.textContent = number(said.count);
    for (const item of kind.items) {
      const found = said.lines[item.key] ?? 0;
      numbers.get(item.key)!.textContent = number(found);
      rows.get(item.key)!.hidden = found === 0 && item.colour === null;
      rows.get(item.key)!.classList.toggle("none", found === 0);
    }
    if (kind.items.length === 1) numbers.get(kind.name)!.textContent = number(said.count);
    const nowhere = unlocated.get(kind.name)!;
    nowhere.hidden = said.unlocated === 0;
    one(".n", nowhere).textContent = number(said.unlocated);
  }
}
