// The two clocks: what was true on one day, as known on another. The sentence first, the sliders second.
import { state, type When } from "./address";
import { day, make, one, say, start } from "./start";

export type Times = { first: string; last: string; true: [string, number][]; known: [string, number][] };

const DAY = 86_400_000;
const NAMES = ["true", "known"] as const;
type Name = (typeof NAMES)[number];

const count = (iso: string) => Math.round(Date.parse(`${iso}T00:00:00Z`) / DAY);
const iso = (days: number) => new Date(days * DAY).toISOString().slice(0, 10);

const range = (name: Name) => one<HTMLInputElement>(`#${name}-range`);
const date = (name: Name) => one<HTMLInputElement>(`#${name}-date`);

let times: Times;
let playing = false;

/** Set up sliders, date fields and buttons; `changed` redraws and resolves when the map stands still. */
export function build(found: Times, changed: () => Promise<void>): void {
  times = found;
  const [low, high] = [count(found.first), count(found.last)];
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => void changed(), 220);
  };
  for (const name of NAMES) {
    const slider = range(name);
    slider.min = String(low);
    slider.max = String(high);
    slider.addEventListener("input", () => {
      stop();
      set(name, Number(slider.value));
      soon();
    });
    const field = date(name);
    field.min = iso(low);
    field.max = iso(high);
    field.addEventListener("change", () => {
      if (!field.value || !field.validity.valid) return show();
      stop();
      set(name, count(field.value));
      soon();
    });
    bars(name, found[name], low, high);
  }
  years(low, high);
  one("#now").addEventListener("click", () => {
    stop();
    state.when = { known: null, true: null };
    show();
    void changed();
  });
  one("#play").addEventListener("click", () => (playing ? stop() : void play(low, high, changed)));
  show();
}

function set(name: Name, days: number): void {
  state.when = { ...state.when, [name]: days >= count(times.last) ? null : iso(days) };
  show();
}

/** Sentence, sliders and fields say what the state says. */
export function show(): void {
  const last = count(times.last);
  for (const name of NAMES) {
    const said = state.when[name as keyof When] ?? start.today;
    const spoken = one<HTMLTimeElement>(`#clock .sentence .${name}`);
    spoken.dateTime = said;
    spoken.textContent = day(said);
    const slider = range(name);
    slider.value = String(Math.min(last, count(said)));
    slider.setAttribute("aria-valuetext", day(said));
    const share = (100 * (Number(slider.value) - Number(slider.min))) / Math.max(1, Number(slider.max) - Number(slider.min));
    slider.style.setProperty("--done", `${share}%`);
    date(name).value = said;
    for (const bar of document.querySelectorAll<SVGRectElement>(`.dial.${name} rect`)) {
      bar.classList.toggle("in", bar.dataset.month! <= said.slice(0, 7));
    }
  }
}

/** How many reports have their date in each month, as low bars over the slider. */
function bars(name: Name, months: [string, number][], low: number, high: number): void {
  const drawing = one<SVGSVGElement>(`.dial.${name} .months`);
  const span = Math.max(1, high - low);
  drawing.setAttribute("viewBox", `0 0 ${span} 19`);
  const most = Math.max(1, ...months.map(([, found]) => found));
  drawing.replaceChildren(
    ...months.map(([month, found]) => {
      const bar = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      // By the square root: one large delivery would otherwise flatten every other month.
      const high = Math.max(1.5, 18 * Math.sqrt(found / most));
      const wide = Math.max(span / 250, Math.min(26, span / 60));
      const from = Math.min(Math.max(0, count(`${month}-01`) - low), span - wide);
      for (const [attribute, value] of Object.entries({ x: from, y: 19 - high, width: wide, height: high })) {
        bar.setAttribute(attribute, String(value));
      }
      bar.dataset.month = month;
      return bar;
    }),
  );
}

function years(low: number, high: number): void {
  const from = new Date(low * DAY).getUTCFullYear() + 1;
  const to = new Date(high * DAY).getUTCFullYear();
  const step = Math.max(1, Math.ceil((to - from + 1) / 12));
  const axis = one(".years");
  for (let year = from; year <= to; year += step) {
    const mark = make("span", {}, String(year));
    mark.style.insetInlineStart = `${(100 * (count(`${year}-01-01`) - low)) / Math.max(1, high - low)}%`;
    axis.append(mark);
  }
}

/** End playing; done by hand, at the last day, and when something could not be drawn. */
export function stop(): void {
  playing = false;
  const button = one<HTMLButtonElement>("#play");
  button.textContent = say("web.clock.play");
  button.setAttribute("aria-pressed", "false");
}

/** Both clocks together, a month at a time: what was known then about then. */
async function play(low: number, high: number, changed: () => Promise<void>): Promise<void> {
  playing = true;
  const button = one<HTMLButtonElement>("#play");
  button.textContent = say("web.clock.stop");
  button.setAttribute("aria-pressed", "true");
  const begun = state.when.known ? count(state.when.known) : low;
  const stride = Math.max(30.4, (high - low) / 60);
  for (let at = begun; playing; at += stride) {
    const last = at >= high;
    const said = last ? null : iso(Math.round(at));
    state.when = { known: said, true: said };
    show();
    await changed();
    if (last) return stop();
    await new Promise((done) => setTimeout(done, 350));
  }
}
