// Beside the map: a table of what is in view, the same records for a keyboard, and the record somebody opened.
import { ask, calledOff, latest, page } from "./ask";
import { remember, state, whenQuery } from "./address";
import { called, day, items, make, number, one, say } from "./start";

export type Row = {
  id: string;
  kind: string;
  title: string;
  line: string;
  day: string;
  conflict: boolean;
  awaiting: boolean;
  bounds: [number, number, number, number] | null;
  said?: "came" | "went" | "changed";
};

const listed = one("#side .listed");
const opened = one("#side .opened");
const body = one<HTMLTableSectionElement>("#side tbody");
const nothing = one("#side .nothing");
const shown = one("#side .count");
const heading = one("#side h2");
const nextTable = latest();
const nextPanel = latest();
const title = heading.firstChild!.textContent!;

export type Hands = { choose: (id: string | null, row?: Row) => void; trouble: (error: unknown) => void };

/** Fill the table with what lies in the box. */
export async function list(box: number[], hands: Hands): Promise<void> {
  const query = whenQuery();
  query.set("bbox", box.map((value) => value.toFixed(6)).join(","));
  query.set("lines", [...state.lines].join(","));
  try {
    const found = await ask<{ total: number; rows: Row[] }>(`/api/table?${query}`, nextTable());
    heading.firstChild!.textContent = title;
    fill(found.rows, found.total, hands);
  } catch (error) {
    if (!calledOff(error)) hands.trouble(error);
  }
}

/** Fill the table with the records of a difference. */
export function differing(rows: Row[], total: number, hands: Hands): void {
  nextTable();
  heading.firstChild!.textContent = `${say("web.difference.title")} `;
  fill(rows, total, hands);
}

function fill(rows: Row[], total: number, hands: Hands): void {
  const focused = document.activeElement?.closest<HTMLElement>("#side tbody tr")?.dataset.id;
  shown.textContent = rows.length < total ? say("web.view.count", { shown: number(rows.length), total: number(total) }) : number(total);
  nothing.hidden = total > 0;
  nothing.textContent = say("web.view.nothing");
  body.replaceChildren(...rows.map((row) => line(row, hands)));
  // The table is filled anew while somebody moves through it with the keyboard: their place is kept.
  if (focused) body.querySelector<HTMLElement>(`tr[data-id="${focused}"] a`)?.focus();
}

function line(row: Row, hands: Hands): HTMLTableRowElement {
  const item = items.get(row.line)!;
  const link = make("a", { href: `/record/${row.id}?${whenQuery()}` }, make("bdi", {}, row.title));
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    hands.choose(row.id, row);
  });
  const name = make("th", { scope: "row" }, link);
  if (row.said) name.append(" ", make("span", { class: "flag" }, say(`web.difference.${row.said}`)));
  if (row.conflict) name.append(" ", make("span", { class: "flag", title: say("web.flag.conflict") }, say("web.flag.conflict.short")));
  if (row.awaiting) name.append(" ", make("span", { class: "flag", title: say("web.flag.awaiting") }, say("web.flag.awaiting.short")));
  const what = make("td", {}, make("i", { class: `swatch look-${item.look}`, "aria-hidden": "true" }), called(item));
  return make("tr", { "data-id": row.id }, name, what, make("td", {}, make("time", { datetime: row.day, title: row.day && day(row.day) }, row.day)));
}

/** Open a record in the side, or go back to the list. */
export async function open(id: string | null, hands: Hands): Promise<void> {
  const before = state.record;
  state.record = id;
  remember();
  if (id === null) {
    nextPanel();
    opened.hidden = true;
    listed.hidden = false;
    if (before) body.querySelector<HTMLElement>(`tr[data-id="${before}"] a`)?.focus();
    return;
  }
  const query = whenQuery();
  query.set("panel", "1");
  try {
    const html = await page(`/record/${id}?${query}`, nextPanel());
    const back = make("button", { type: "button", class: "back" }, say("web.record.back"));
    back.addEventListener("click", () => hands.choose(null));
    // The markup is our own server's, escaped there; the policy of the page lets no script of it run.
    const inside = new DOMParser().parseFromString(html, "text/html").body;
    const refusal = inside.querySelector(".refusal");
    opened.replaceChildren(back, ...(refusal ? [refusal] : inside.childNodes));
    opened.hidden = false;
    listed.hidden = true;
    opened.scrollTop = 0;
    if (before !== id) back.focus({ preventScroll: true });
  } catch (error) {
    if (!calledOff(error)) hands.trouble(error);
  }
}
