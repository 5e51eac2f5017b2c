// The address of the page: dates, place, open record and hidden lines, so that a view can be sent to somebody.
import { items, start } from "./start";

export type When = { known: string | null; true: string | null };
export type Place = { zoom: number; latitude: number; longitude: number };

const query = new URLSearchParams(location.search);
const AT = /^(\d{1,2}(?:\.\d+)?)\/(-?\d{1,2}(?:\.\d+)?)\/(-?\d{1,3}(?:\.\d+)?)$/;

const first = new Set(start.kinds.filter((kind) => kind.shown).flatMap((kind) => kind.items.map((item) => item.key)));

export const state = {
  when: { known: query.get("known"), true: query.get("true") } as When,
  record: query.get("record"),
  lines: linesOf(query.get("lines")),
  place: placeOf(query.get("at")),
};

function linesOf(said: string | null): Set<string> {
  return said === null ? new Set(first) : new Set(said.split(",").filter((key) => items.has(key)));
}

function placeOf(said: string | null): Place | null {
  const found = AT.exec(said ?? "");
  return found ? { zoom: Number(found[1]), latitude: Number(found[2]), longitude: Number(found[3]) } : null;
}

/** The two dates as they stand in an address; what is now is left out. */
export function whenQuery(when: When = state.when): URLSearchParams {
  const said = new URLSearchParams();
  if (when.known) said.set("known", when.known);
  if (when.true) said.set("true", when.true);
  return said;
}

/** Write the state into the address and into the links that lead away from the map. */
export function remember(): void {
  const dates = whenQuery();
  const said = new URLSearchParams(dates);
  if (state.place) {
    const { zoom, latitude, longitude } = state.place;
    said.set("at", `${zoom.toFixed(2)}/${latitude.toFixed(5)}/${longitude.toFixed(5)}`);
  }
  if (state.record) said.set("record", state.record);
  const same = state.lines.size === first.size && [...first].every((key) => state.lines.has(key));
  if (!same) said.set("lines", [...state.lines].join(","));
  const address = said.size ? `?${said}` : location.pathname;
  history.replaceState(null, "", address);
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".top nav a, .logo, #legend a.where")) {
    const target = new URL(link.href);
    target.searchParams.delete("known");
    target.searchParams.delete("true");
    for (const [name, value] of dates) target.searchParams.set(name, value);
    link.href = target.pathname + target.search;
  }
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".languages a")) {
    const target = new URL(link.href);
    target.searchParams.set("back", location.pathname + location.search);
    link.href = target.pathname + target.search;
  }
}
