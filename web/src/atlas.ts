// The map itself: base, one source a kind, layers by legend line, hazards above everything but the signs of harm.
import {
  AttributionControl,
  type ExpressionSpecification,
  type GeoJSONSource,
  type LayerSpecification,
  Map as MapView,
  NavigationControl,
  ScaleControl,
  type VectorSourceSpecification,
  prewarm,
  setWorkerCount,
  setWorkerUrl,
} from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import "maplibre-gl/dist/maplibre-gl.css";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { state, whenQuery } from "./address";
import { images, type Look, lookOf, nameplate, pixelRatio, role, sign } from "./looks";
import { asPoints } from "./places";
import { type Item, items, type Kind, rightToLeft, say, start } from "./start";

// MapLibre 6 cannot guess where its worker lies once it is bundled; without this nothing is drawn and only a
// browser's console says so.
setWorkerUrl(worker);
setWorkerCount(Math.min(4, Math.max(2, navigator.hardwareConcurrency - 1)));
prewarm();

const POLYGON: ExpressionSpecification = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
const POINT: ExpressionSpecification = ["match", ["geometry-type"], ["Point", "MultiPoint"], true, false];
const SMALL: ExpressionSpecification = ["<", ["zoom"], ["+", ["get", "z"], 1]];

// The server cuts the tiles and decides what is a dot in them: a shape too small for the screen is a point that covers
// it (S1). Each line of the legend has layers of its own in a tile (`hazard.sha:dot`, `:area`, `:way`, `:sign`), so
// that a worker evaluates nothing for each of 19,000 features.
const PARTS = ["dot", "fill", "hatch", "edge", "way", "sign"] as const;
type Part = (typeof PARTS)[number];

// How long a frame may wait for what is still loading, in milliseconds. A frame takes a machine without a graphics card
// 100 and more, and eleven of them stood between a person and the first picture.
const PATIENCE = 400;

/** A map that, while it is being drawn, waits with a frame until everything is there or its patience is over. */
class Patient extends MapView {
  private waiting = 0;
  private held = false;

  /** Hold frames back, or give the one that everybody waited for. */
  hold(held: boolean): void {
    this.held = held;
    clearTimeout(this.waiting);
    this.waiting = 0;
    if (!held) super.triggerRepaint();
  }

  override triggerRepaint(): void {
    if (!this.held || this.isMoving()) super.triggerRepaint();
    else {
      this.waiting ||= window.setTimeout(() => {
        this.waiting = 0;
        super.triggerRepaint();
      }, PATIENCE);
    }
  }

  /** One frame now: the tiles of what was added are asked for in it. */
  step(): void {
    super.triggerRepaint();
  }
}

export type Bounds = [number, number, number, number];

export class Atlas {
  readonly view: Patient;
  /** Dates and kinds of the picture that was asked for last; its layers end in `@` and the number of the picture. */
  private asked = "";
  private picture = 0;
  private difference: string | null = null;
  private drawing: Promise<void> = Promise.resolve();

  constructor(private readonly onTrouble: (message: string) => void) {
    const box = this.firstBox();
    const place = state.place;
    this.asked = this.question();
    this.view = new Patient({
      container: "map",
      style: {
        version: 8,
        sources: {
          base: { type: "geojson", data: start.base, tolerance: 0.2 },
          [sourceOf(0)]: this.source(),
        },
        layers: [...baseLayers(), ...this.layers()],
      },
      validateStyle: false, // it is written below and checked by its types
      ...(place
        ? { center: [place.longitude, place.latitude], zoom: place.zoom }
        : { bounds: box, fitBoundsOptions: { padding: this.padding(), maxZoom: 15 } }),
      attributionControl: false,
      dragRotate: false,
      renderWorldCopies: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 20,
      fadeDuration: 0,
      locale: {
        "NavigationControl.ZoomIn": say("web.map.in"),
        "NavigationControl.ZoomOut": say("web.map.out"),
        "Map.Title": say("web.map.label"),
        "AttributionControl.ToggleAttribution": say("web.about.base"),
      },
    });
    this.view.touchZoomRotate.disableRotation();
    this.view.keyboard.disableRotation();
    const [near, far] = rightToLeft ? (["right", "left"] as const) : (["left", "right"] as const);
    this.view.addControl(new NavigationControl({ showCompass: false }), `top-${near}`);
    this.view.addControl(new ScaleControl({ maxWidth: 120 }), `bottom-${near}`);
    this.view.addControl(
      new AttributionControl({ compact: false, customAttribution: say("web.map.attribution") }),
      `bottom-${far}`,
    );
    this.view.setMissingStyleImageResolver((id) => this.drawImage(id));
    // What a source brings is asked for in a frame; what its tiles bring can wait for the others.
    this.view.on("sourcedata", ({ sourceDataType }) => sourceDataType && this.view.step());
    this.view.on("error", ({ error }) => this.onTrouble(error.message));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  /** Names of places, after everything that matters more was asked for. */
  async name(): Promise<void> {
    this.view.addSource("places", { type: "geojson", data: await asPoints() });
    this.view.addLayer(nameLayer(), this.view.getStyle().layers.find(({ id }) => id.includes("@"))?.id);
  }

  /** Draw every kind that has a visible line at the dates of the state; done when it is on the screen, whole. */
  draw(): Promise<void> {
    const before = this.drawing;
    this.drawing = this.drawn(before);
    return this.drawing;
  }

  private async drawn(before: Promise<void>): Promise<void> {
    if (this.picture === 0 && this.asked === this.question() && !this.view.isStyleLoaded()) {
      this.view.hold(true);
      await this.whole();
      return;
    }
    // One picture at a time: two that were laid over each other would say what was never true.
    await before.catch(() => undefined);
    if (this.asked === this.question()) {
      this.show();
      await this.whole();
      return;
    }
    const old = this.picture;
    this.asked = this.question();
    this.picture += 1;
    this.view.hold(true);
    this.view.addSource(sourceOf(this.picture), this.source());
    const above = this.view.getLayer("difference-fill") ? "difference-fill" : undefined;
    for (const layer of this.layers()) this.view.addLayer(layer, above ?? (this.view.getLayer("chosen") ? "chosen" : undefined));
    await this.whole(() => this.forget(old));
  }

  /** Take an earlier picture away. */
  private forget(picture: number): void {
    for (const { id } of this.view.getStyle().layers) if (id.endsWith(`@${picture}`)) this.view.removeLayer(id);
    this.view.removeSource(sourceOf(picture));
  }

  private question(): string {
    const query = whenQuery();
    query.set("kinds", shownKinds().map((kind) => kind.name).join(","));
    return String(query);
  }

  private source(): VectorSourceSpecification {
    const tiles = shownKinds().length ? [`${location.origin}/api/tile/{z}/{x}/{y}.mvt?${this.asked}`] : [];
    return { type: "vector", tiles, minzoom: 0, maxzoom: 20 };
  }

  private layers(): LayerSpecification[] {
    return shownKinds().flatMap((kind) => kindLayers(kind, this.picture));
  }

  /** Done when the picture is loaded and the frame that shows it has been painted; `ready` is called before that frame. */
  private async whole(ready?: () => void): Promise<void> {
    const source = sourceOf(this.picture);
    const loaded = () => this.view.isSourceLoaded(source) && this.view.isSourceLoaded("base") && this.view.areTilesLoaded();
    await new Promise<void>((done) => {
      // Asked now and then: whichever event came last, the wait cannot outlive the loading.
      const asking = window.setInterval(() => look(), 300);
      const look = () => {
        if (!this.view.getSource(source) || !loaded()) return;
        clearInterval(asking);
        this.view.off("data", look);
        done();
      };
      this.view.on("data", look);
      look();
    });
    ready?.();
    await new Promise<void>((done) => {
      this.view.once("render", () => done());
      this.view.hold(false); // an idle map says nothing more: this is the frame
    });
  }

  /** Lines of the legend on and off. */
  private show(): void {
    for (const kind of shownKinds()) {
      for (const item of kind.items) {
        for (const part of PARTS) {
          const id = layerOf(item, part, this.picture);
          if (this.view.getLayer(id)) this.view.setLayoutProperty(id, "visibility", visible(item));
        }
      }
    }
  }

  /** Ring the open record. */
  select(): void {
    const data = state.record ? `${location.origin}/api/shape/${state.record}.geojson?${whenQuery()}` : NOTHING;
    const source = this.view.getSource("chosen") as GeoJSONSource | undefined;
    if (source) source.setData(data);
    else if (state.record) {
      this.view.addSource("chosen", { type: "geojson", data, tolerance: 0 });
      for (const layer of chosenLayers()) this.view.addLayer(layer);
    }
  }

  /** Lay the difference over the map, or take it away. */
  differ(data: FeatureCollection | null): void {
    const source = this.view.getSource("difference") as GeoJSONSource | undefined;
    const shown = data ?? NOTHING;
    this.difference = data ? "shown" : null;
    if (source) {
      source.setData(shown);
      return;
    }
    if (!data) return;
    this.view.addSource("difference", { type: "geojson", data: shown, tolerance: 0 });
    for (const layer of differenceLayers()) this.view.addLayer(layer);
  }

  get differing(): boolean {
    return this.difference !== null;
  }

  /** The record under a point of the screen, the most dangerous first; null when nothing is there. */
  at(point: { x: number; y: number }): string | null {
    const reach = 4;
    const box: [[number, number], [number, number]] = [
      [point.x - reach, point.y - reach],
      [point.x + reach, point.y + reach],
    ];
    const layers = this.view.getStyle().layers.map((layer) => layer.id).filter((id) => /:\w+@\d+$/.test(id));
    const found = this.view.queryRenderedFeatures(box, { layers });
    return (found[0]?.properties.id as string | undefined) ?? null;
  }

  /** West, south, east, north of what is seen beside the cards. */
  bounds(): Bounds {
    const seen = this.view.getBounds();
    const clamp = (value: number, most: number) => Math.max(-most, Math.min(most, value));
    return [clamp(seen.getWest(), 180), clamp(seen.getSouth(), 90), clamp(seen.getEast(), 180), clamp(seen.getNorth(), 90)];
  }

  /** What is seen between the cards. */
  clear(): Bounds {
    const { top, bottom, left, right } = this.padding();
    const { clientWidth: wide, clientHeight: high } = this.view.getContainer();
    const low = this.view.unproject([left, high - bottom]);
    const far = this.view.unproject([wide - right, top]);
    return [low.lng, low.lat, far.lng, far.lat];
  }

  fit(bounds: Bounds, most = 15): void {
    this.view.fitBounds(bounds, { padding: this.padding(), maxZoom: most, animate: false });
  }

  private padding(): { top: number; bottom: number; left: number; right: number } {
    const wide = innerWidth > 860;
    if (!wide) return { top: 20, bottom: 20, left: 20, right: 20 };
    const [legend, side] = innerWidth > 1100 ? [296, 404] : [266, 330];
    return { top: 24, bottom: 200, left: rightToLeft ? side : legend, right: rightToLeft ? legend : side };
  }

  private firstBox(): Bounds {
    if (start.bounds) return start.bounds;
    if (!start.extent.length) return [-170, -55, 175, 72];
    const [west, south, east, north] = [0, 1, 2, 3].map((at) => start.extent.map((box) => box[at]));
    return [Math.min(...west), Math.min(...south), Math.max(...east), Math.max(...north)];
  }

  private drawImage(id: string): void {
    const [what, ...rest] = id.split(":");
    if (this.view.hasImage(id)) return;
    const drawn = images().find(([name]) => name === id);
    if (drawn) this.view.addImage(id, drawn[1], { pixelRatio });
    if (what === "place") this.view.addImage(id, nameplate(rest.slice(1).join(":"), rest[0] === "1"), { pixelRatio });
    if (what === "sign") {
      const look = lookOf(items.get(rest.join(":"))!);
      this.view.addImage(id, sign(look.sign, look.dot), { pixelRatio });
    }
  }

  /** The other theme: the same layers with the colours of the style sheet as they are now. */
  private repaint(): void {
    for (const [name, image] of images()) if (this.view.hasImage(name)) this.view.updateImage(name, image);
    for (const id of this.view.listImages()) {
      if (/^(place|sign):/.test(id)) this.view.removeImage(id);
    }
    for (const layer of [...baseLayers(), nameLayer(), ...this.layers()]) {
      if (!this.view.getLayer(layer.id)) continue;
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.view.setPaintProperty(layer.id, name as never, value as never);
      }
    }
    this.view.triggerRepaint();
  }
}

/** Order from the ground up: places and papers, work, released land, records of mines, hazards, signs of harm. */
function rank(kind: Kind): number {
  if (kind.shapes.every((shape) => shape === "point")) return 6;
  if (kind.danger) return 5;
  if (kind.name === "minefield_record") return 4;
  if (kind.items.some((item) => item.look === "cleared")) return 3;
  return { place: 0, paper: 1, process: 2, object: 2 }[kind.group] ?? 1;
}

function baseLayers(): LayerSpecification[] {
  return [
    { id: "sea", type: "background", paint: { "background-color": role("sea") } },
    {
      id: "land",
      type: "fill",
      source: "base",
      filter: ["==", ["get", "k"], "land"],
      paint: { "fill-color": ["match", ["get", "own"], 1, role("own"), role("land")], "fill-antialias": false },
    },
    {
      id: "border",
      type: "line",
      source: "base",
      filter: ["==", ["get", "k"], "border"],
      paint: { "line-color": role("border"), "line-width": ["match", ["get", "own"], 1, 1.4, 0.8] },
    },
  ];
}

function nameLayer(): LayerSpecification {
  const named = ["concat", "place:", ["case", [">=", ["get", "p"], 50_000], "1", "0"], ":", ["get", "n"]];
  return {
    id: "names",
    type: "symbol",
    source: "places",
    filter: [">=", ["get", "p"], ["step", ["zoom"], 400_000, 6, 60_000, 7, 15_000, 9, 4_000, 10, 1_500, 11, 0]],
    layout: {
      "icon-image": named as never,
      "icon-padding": 6,
      "symbol-sort-key": ["-", 0, ["get", "p"]],
    },
  };
}

const NOTHING: FeatureCollection = { type: "FeatureCollection", features: [] };

const sourceOf = (picture: number) => `records@${picture}`;
const layerOf = (item: Item, part: Part, picture: number) => `${item.key}:${part}@${picture}`;
const visible = (item: Item) => (state.lines.has(item.key) ? "visible" : "none");

/** Kinds with a visible line, from the ground up. */
function shownKinds(): Kind[] {
  const shown = start.kinds.filter((kind) => kind.items.some((item) => state.lines.has(item.key)));
  return shown.sort((a, b) => rank(a) - rank(b));
}

/** Dots under areas under edges under signs; within each the first line of the legend, the most dangerous, on top. */
function kindLayers(kind: Kind, picture: number): LayerSpecification[] {
  const upwards = [...kind.items].reverse();
  return PARTS.flatMap((part) => upwards.flatMap((item) => itemLayer(kind, item, part, picture) ?? []));
}

function itemLayer(kind: Kind, item: Item, part: Part, picture: number): LayerSpecification | null {
  const look = lookOf(item);
  const spread = kind.shapes.some((shape) => shape !== "point");
  const of = (layer: string) => ({
    id: layerOf(item, part, picture),
    source: sourceOf(picture),
    "source-layer": `${item.key}:${layer}`,
  });
  const layout = { visibility: visible(item) } as const;
  const line = { "line-color": look.edge, "line-width": look.width, ...(look.dash ? { "line-dasharray": look.dash } : {}) };
  if (part === "sign") return kind.shapes.includes("point") ? signLayer(item, look, of("sign"), layout) : null;
  if (!spread) return null;
  switch (part) {
    case "dot": {
      const ring = look.sign === "ring";
      return {
        ...of("dot"),
        type: "circle",
        layout,
        paint: {
          "circle-color": look.dot,
          "circle-radius": 3, // dots are for shapes of at most 4 pixels: 3 reaches past their corners
          "circle-opacity": ring ? 0 : 1,
          "circle-stroke-width": ring ? 1 : 0,
          "circle-stroke-color": look.dot,
        },
      };
    }
    case "fill": {
      // An empty outline keeps an almost invisible fill, so that a click inside finds the record.
      const paint = { "fill-color": look.fill ?? look.edge, "fill-opacity": look.fill ? look.opacity : 0.04 };
      return look.pattern ? null : { ...of("area"), type: "fill", layout, paint };
    }
    case "hatch":
      return look.pattern ? { ...of("area"), type: "fill", layout, paint: { "fill-pattern": look.pattern, "fill-opacity": 0.9 } } : null;
    case "edge":
      return { ...of("area"), type: "line", layout: { ...layout, "line-join": "round" }, paint: line };
    case "way":
      return { ...of("way"), type: "line", layout: { ...layout, "line-join": "round" }, paint: line };
  }
}

function signLayer(
  item: Item,
  look: Look,
  of: { id: string; source: string; "source-layer": string },
  layout: { visibility: "visible" | "none" },
): LayerSpecification {
  const size = look.sign === "diamond" ? 0.6 : 1;
  return {
    ...of,
    type: "symbol",
    layout: {
      ...layout,
      "icon-image": `sign:${item.key}`,
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 6, 0.45 * size, 9, 0.7 * size, 13, 1.1 * size, 16, 1.3],
    },
  };
}

function chosenLayers(): LayerSpecification[] {
  return [
    {
      id: "chosen",
      type: "line",
      source: "chosen",
      filter: ["!", POINT],
      paint: { "line-color": role("ink"), "line-width": 3 },
    },
    {
      id: "chosen-point",
      type: "circle",
      source: "chosen",
      filter: ["any", POINT, SMALL],
      paint: { "circle-radius": 11, "circle-opacity": 0, "circle-stroke-color": role("ink"), "circle-stroke-width": 2.5 },
    },
  ];
}

function differenceLayers(): LayerSpecification[] {
  const colour = ["match", ["get", "d"], "came", role("blue"), "went", role("clay"), role("ink")] as never;
  return [
    {
      id: "difference-fill",
      type: "fill",
      source: "difference",
      filter: POLYGON,
      paint: { "fill-color": colour, "fill-opacity": 0.18 },
    },
    {
      id: "difference-edge",
      type: "line",
      source: "difference",
      paint: { "line-color": colour, "line-width": 2.6 },
    },
    {
      id: "difference-dot",
      type: "circle",
      source: "difference",
      filter: ["any", POINT, SMALL],
      paint: { "circle-radius": 5, "circle-opacity": 0, "circle-stroke-color": colour, "circle-stroke-width": 1.5 },
    },
  ];
}
