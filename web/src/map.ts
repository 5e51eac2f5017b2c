// The map page: dates, layers, table and record held together by one state (address.ts).
import "./site";
import "./map.css";
import type { FeatureCollection } from "geojson";
import { ask, calledOff, latest, Refusal } from "./ask";
import { remember, state, whenQuery } from "./address";
import { Atlas, type Bounds } from "./atlas";
import * as clock from "./clock";
import * as finder from "./find";
import * as legend from "./legend";
import * as side from "./side";
import { make, number, one, say } from "./start";

type Summary = {
  kinds: Record<string, legend.Counts>;
  later: { reports: number; records: number };
};
type Difference = FeatureCollection & { rows: side.Row[]; total: number };

const troubles = one("#trouble");
const later = one("#clock .later");
const page = one(".atlas");
const nextSummary = latest();

/** S1: a map that is not whole says so, and goes on saying so until it was drawn whole. */
function trouble(error: unknown): void {
  const said = error instanceof Refusal ? `${error.what} ${error.remedy}` : error instanceof Error ? error.message : String(error);
  troubles.textContent = `${say("web.trouble")} ${said}`;
  troubles.hidden = false;
  clock.stop();
}

const hands: side.Hands = { choose, trouble };
const summary = ask<Summary>(`/api/summary?${whenQuery()}`, nextSummary());
const times = ask<clock.Times>("/api/times");
const atlas = new Atlas(trouble);

function choose(id: string | null, row?: side.Row): void {
  void side.open(id, hands);
  atlas.select();
  if (row?.bounds && !inside(row.bounds, atlas.clear())) atlas.fit(row.bounds, Math.max(12, atlas.view.getZoom()));
}

function inside(small: Bounds, large: Bounds): boolean {
  return small[0] >= large[0] && small[1] >= large[1] && small[2] <= large[2] && small[3] <= large[3];
}

function around(boxes: Bounds[]): Bounds {
  const side = (at: 0 | 1 | 2 | 3, pick: (...values: number[]) => number) => pick(...boxes.map((box) => box[at]));
  return [side(0, Math.min), side(1, Math.min), side(2, Math.max), side(3, Math.max)];
}

let draws = 0;

/** Draw at the dates of the state; done when every shape that was asked for is on the screen. */
async function drawn(after?: () => Promise<void>): Promise<void> {
  page.dataset.drawing = "";
  await atlas.draw();
  draws += 1;
  page.dataset.drawn = String(draws); // what a test and the benchmark wait for
  if (draws === 1) performance.mark("first-picture");
  await after?.();
  delete page.dataset.drawing;
}

function tell(found: Summary): void {
  legend.count(found.kinds);
  if (state.when.known === null) {
    later.replaceChildren();
    return;
  }
  if (found.later.records === 0) {
    later.replaceChildren(say("web.later.none"));
    return;
  }
  const facts = { reports: number(found.later.reports), records: number(found.later.records) };
  const button = make("button", { type: "button", class: "plain", id: "differ" });
  const label = () => (button.textContent = say(atlas.differing ? "web.difference.hide" : "web.difference.show"));
  label();
  button.addEventListener("click", async () => {
    if (atlas.differing) {
      atlas.differ(null);
      await list();
    } else {
      await differ();
    }
    label();
  });
  later.replaceChildren(say("web.later.some", facts), " ", button);
}

async function differ(): Promise<void> {
  try {
    const found = await ask<Difference>(`/api/difference?${whenQuery()}`);
    atlas.differ(found);
    choose(null);
    side.differing(found.rows, found.total, hands);
    const boxes = found.rows.flatMap(({ bounds }) => (bounds ? [bounds] : []));
    if (boxes.length && !boxes.every((box) => inside(box, atlas.clear()))) atlas.fit(around(boxes));
  } catch (error) {
    trouble(error);
  }
}

async function list(): Promise<void> {
  if (!atlas.differing) await side.list(atlas.bounds(), hands);
}

/** New dates: everything that speaks about them is asked for again. */
async function redraw(): Promise<void> {
  remember();
  atlas.differ(null);
  troubles.hidden = true;
  try {
    const [found] = await Promise.all([
      ask<Summary>(`/api/summary?${whenQuery()}`, nextSummary()),
      drawn(),
      list(),
      state.record ? side.open(state.record, hands) : null,
    ]);
    tell(found);
    atlas.select();
  } catch (error) {
    if (!calledOff(error)) trouble(error);
  }
}

async function begin(): Promise<void> {
  legend.build(() => {
    void drawn();
    void list();
  });
  finder.build((at) => atlas.view.jumpTo({ center: at, zoom: 11 }));
  try {
    const picture = drawn(list); // the table of what is in view is asked for when the picture stands
    tell(await summary);
    clock.build(await times, redraw);
    remember();
    await picture;
  } catch (error) {
    trouble(error);
    return;
  }
  atlas.view.on("moveend", () => {
    const { lat, lng } = atlas.view.getCenter();
    state.place = { zoom: atlas.view.getZoom(), latitude: lat, longitude: lng };
    remember();
    void list();
  });
  atlas.view.on("click", ({ point }) => {
    const found = atlas.at(point);
    if (found) choose(found);
  });
  await atlas.name().catch(trouble);
  if (state.record) choose(state.record);
}

void begin();
