// The map itself: base, one source a kind, layers by legend line, hazards above everything but the signs of harm.
import {
  AttributionControl,
  type ExpressionSpecification,
  type FilterSpecification,
  type GeoJSONSource,
  type LayerSpecification,
  Map as MapView,
  NavigationControl,
  ScaleControl,
  prewarm,
  setWorkerCount,
  setWorkerUrl,
} from "maplibre-gl";
import type { FeatureCollection } from "geojson";
import "maplibre-gl/dist/maplibre-gl.css";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { state, whenQuery } from "./address";
import { images, lookOf, nameplate, pixelRatio, role, sign } from "./looks";
import { asPoints } from "./places";
import { type Item, items, type Kind, rightToLeft, say, start } from "./start";

// MapLibre 6 cannot guess where its worker lies once it is bundled; without this nothing is drawn and only a
// browser's console says so.
setWorkerUrl(worker);
setWorkerCount(Math.min(4, Math.max(2, navigator.hardwareConcurrency - 1)));
prewarm();

const POLYGON: ExpressionSpecification = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
const POINT: ExpressionSpecification = ["match", ["geometry-type"], ["Point", "MultiPoint"], true, false];

// A shape too small for the screen is a dot that covers it, from a source of points (`/api/marks`), instead of a fill
// and an edge that the grid of a tile would swallow (S1). It is also what keeps 19,000 outlines nobody could tell
// apart from costing a frame of two seconds.
const SMALL: ExpressionSpecification = ["<", ["zoom"], ["+", ["get", "z"], 1]];
const LARGE: ExpressionSpecification = [">=", ["zoom"], ["get", "z"]];
// Dots stay for one zoom under the shapes that follow them, so that nothing is missing while a tile is cut.
const PARTS = ["dot", "fill", "hatch", "edge", "sign"] as const;
type Part = (typeof PARTS)[number];

// Wide shapes come with the first picture. Narrow ones, which are dots until the zoom `start.narrow`, have a source of
// their own and come right after it: cutting 16,000 outlines nobody can see into tiles took half of the first picture.
const NARROW = "narrow-";

export type Bounds = [number, number, number, number];

export class Atlas {
  readonly view: MapView;
  private readonly drawn = new Map<string, string>();
  private difference: string | null = null;
  private near = false;

  constructor(private readonly onTrouble: (message: string) => void) {
    const box = this.firstBox();
    const place = state.place;
    this.view = new MapView({
      container: "map",
      style: {
        version: 8,
        sources: {
          base: { type: "geojson", data: start.base, tolerance: 0.2 },
          places: { type: "geojson", data: { type: "FeatureCollection", features: [] } },
        },
        layers: baseLayers(),
      },
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
    this.view.on("error", ({ error }) => this.onTrouble(error.message));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.repaint());
  }

  /** Everything once the style is there: images, a source a kind, its layers. */
  ready(): Promise<void> {
    return new Promise((done) => {
      const begin = () => {
        for (const [name, image] of images()) this.view.addImage(name, image, { pixelRatio });
        done();
      };
      if (this.view.isStyleLoaded()) begin();
      else this.view.once("style.load", begin);
    });
  }

  /** Names of places, after everything that matters more was asked for. */
  async name(): Promise<void> {
    (this.view.getSource("places") as GeoJSONSource).setData(await asPoints());
  }

  /** Draw every kind that has a visible line at the dates of the state. */
  draw(): void {
    this.near ||= this.view.getZoom() > start.narrow - 0.5;
    for (const kind of [...start.kinds].sort((a, b) => rank(a) - rank(b))) {
      const wanted = kind.items.some((item) => state.lines.has(item.key));
      if (!wanted && !this.drawn.has(kind.name)) continue;
      const dates = String(whenQuery());
      if (this.drawn.get(kind.name) === dates) continue;
      if (this.drawn.has(kind.name)) for (const source of sourcesOf(kind)) this.bring(source);
      else this.addKind(kind);
      this.drawn.set(kind.name, dates);
    }
    this.show();
    this.view.triggerRepaint(); // an idle map says nothing more: ask it for one frame
  }

  /** Narrow shapes, once the first picture stands or the map is near enough to show them. */
  async narrow(): Promise<void> {
    if (this.near) return;
    this.near = true;
    for (const kind of start.kinds.filter(spread)) {
      if (this.drawn.has(kind.name)) this.bring(`${NARROW}${kind.name}`);
    }
    await this.whole();
  }

  private bring(name: string): void {
    if (name.startsWith(NARROW) && !this.near) return;
    (this.view.getSource(name) as GeoJSONSource).setData(addressOf(name));
  }

  /** Done when every kind that was asked for is loaded and the frame that shows it has been painted. */
  whole(): Promise<void> {
    const sources = start.kinds.filter((kind) => this.drawn.has(kind.name)).flatMap(sourcesOf);
    const loaded = () => sources.every((name) => this.view.isSourceLoaded(name)) && this.view.areTilesLoaded();
    return new Promise((done) => {
      let before = false;
      // A frame is asked for now and then: whichever event came last, the wait cannot outlive the loading.
      const nudge = window.setInterval(() => this.view.triggerRepaint(), 400);
      const look = () => {
        const now = loaded();
        // What was loaded before this frame began is in it.
        if (now && before) {
          this.view.off("render", look);
          clearInterval(nudge);
          done();
        } else if (now) {
          this.view.triggerRepaint();
        }
        before = now;
      };
      this.view.on("render", look);
    });
  }

  private addKind(kind: Kind): void {
    // Tolerance 0: geojson-vt then neither simplifies a shape nor drops a small one (S1).
    for (const name of sourcesOf(kind)) {
      const data = name.startsWith(NARROW) && !this.near ? EMPTY : addressOf(name);
      this.view.addSource(name, { type: "geojson", data, tolerance: 0, maxzoom: 16 });
    }
    const above = this.above(kind);
    for (const layer of kindLayers(kind)) this.view.addLayer(layer, above);
  }

  /** The layer a kind is slipped under, so that the order does not depend on which was switched on first. */
  private above(kind: Kind): string | undefined {
    const higher = start.kinds.filter((one) => rank(one) > rank(kind) && this.drawn.has(one.name) && one !== kind);
    const lowest = higher.sort((a, b) => rank(a) - rank(b))[0];
    if (lowest) return this.view.getStyle().layers.find((layer) => layer.id.split(":")[0] === lowest.name)?.id;
    return this.view.getLayer("difference-fill") ? "difference-fill" : undefined;
  }

  /** Lines of the legend on and off. */
  show(): void {
    for (const kind of start.kinds) {
      for (const part of PARTS) {
        for (const id of [`${kind.name}:${part}`, `${kind.name}:${NARROW}${part}`]) {
          if (this.view.getLayer(id)) this.view.setFilter(id, filterOf(kind, part));
        }
      }
    }
    this.select();
  }

  /** Ring the open record. */
  select(): void {
    for (const name of this.drawn.keys()) {
      for (const part of ["chosen", `${NARROW}chosen`, "chosen-point"]) {
        const id = `${name}:${part}`;
        if (!this.view.getLayer(id)) continue;
        const shape = part === "chosen-point" ? POINT : (["!", POINT] as ExpressionSpecification);
        this.view.setFilter(id, ["all", ["==", ["get", "id"], state.record ?? ""], shape]);
        this.view.setLayoutProperty(id, "visibility", state.record ? "visible" : "none");
      }
    }
  }

  /** Lay the difference over the map, or take it away. */
  differ(data: FeatureCollection | null): void {
    const source = this.view.getSource("difference") as GeoJSONSource | undefined;
    const shown = data ?? { type: "FeatureCollection", features: [] };
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
    const layers = this.view.getStyle().layers.map((layer) => layer.id).filter((id) => /:(narrow-)?(fill|hatch|edge|sign|dot)$/.test(id));
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
    if (what === "place") this.view.addImage(id, nameplate(rest.slice(1).join(":"), rest[0] === "1"), { pixelRatio });
    if (what === "sign") {
      const look = lookOf(items.get(rest.join(":"))!);
      this.view.addImage(id, sign(look.sign, look.dot), { pixelRatio });
    }
  }

  /** The other theme: the same layers with the colours of the style sheet as they are now. */
  private repaint(): void {
    for (const [name, image] of images()) this.view.updateImage(name, image);
    for (const id of this.view.listImages()) {
      if (/^(place|sign):/.test(id)) this.view.removeImage(id);
    }
    const layers = [...baseLayers(), ...start.kinds.filter((kind) => this.drawn.has(kind.name)).flatMap(kindLayers)];
    for (const layer of layers) {
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
  const named = ["concat", "place:", ["case", [">=", ["get", "p"], 50_000], "1", "0"], ":", ["get", "n"]];
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
    {
      id: "names",
      type: "symbol",
      source: "places",
      filter: [">=", ["get", "p"], ["step", ["zoom"], 400_000, 6, 60_000, 7, 15_000, 9, 4_000, 10, 1_500, 11, 0]],
      layout: {
        "icon-image": named as never,
        "icon-padding": 6,
        "symbol-sort-key": ["-", 0, ["get", "p"]],
      },
    },
  ];
}

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

function sourcesOf(kind: Kind): string[] {
  return spread(kind) ? [kind.name, `${kind.name}-marks`, `${NARROW}${kind.name}`] : [kind.name];
}

/** Where a source has its data, at the dates of the state. */
function addressOf(source: string): string {
  const query = whenQuery();
  const marks = source.endsWith("-marks");
  const name = source.replace(/^narrow-|-marks$/g, "");
  if (!marks && start.kinds.some((kind) => kind.name === name && spread(kind))) {
    query.set("size", source.startsWith(NARROW) ? "narrow" : "wide");
  }
  return new URL(`/api/${marks ? "marks" : "layer"}/${name}.geojson?${query}`, location.href).href;
}

/** Whether records of a kind can have an extent, and so can be too small for the screen. */
function spread(kind: Kind): boolean {
  return kind.shapes.some((shape) => shape !== "point");
}

/** One look of every line of a kind, as an expression on the line of a feature. */
function byLine<T>(kind: Kind, of: (item: Item) => T, otherwise: T): never {
  return ["match", ["get", "l"], ...kind.items.flatMap((item) => [item.key, of(item)]), otherwise] as never;
}

function filterOf(kind: Kind, part: Part): FilterSpecification {
  const shown = kind.items.filter((item) => state.lines.has(item.key));
  const lines = (chosen: Item[]): ExpressionSpecification => ["in", ["get", "l"], ["literal", chosen.map((item) => item.key)]];
  switch (part) {
    case "dot":
      return ["all", SMALL, lines(shown)];
    case "sign":
      return ["all", POINT, lines(shown)];
    case "edge":
      return ["all", LARGE, ["!", POINT], lines(shown)];
    case "hatch":
      return ["all", LARGE, POLYGON, lines(shown.filter((item) => lookOf(item).pattern))];
    case "fill":
      return ["all", LARGE, POLYGON, lines(shown.filter((item) => !lookOf(item).pattern))];
  }
}

function kindLayers(kind: Kind): LayerSpecification[] {
  const top = byLine(kind, (item) => -kind.items.indexOf(item), 0); // the first of the legend is the most dangerous
  const layers: LayerSpecification[] = [];
  if (spread(kind)) layers.push(dotLayer(kind, top), ...shapeLayers(kind, top, ""), ...shapeLayers(kind, top, NARROW));
  if (kind.shapes.includes("point")) layers.push(signLayer(kind, top));
  return [...layers, ...chosenLayers(kind)];
}

function shapeLayers(kind: Kind, top: never, prefix: "" | typeof NARROW): LayerSpecification[] {
  const of = (part: Part) => ({
    id: `${kind.name}:${prefix}${part}`,
    source: `${prefix}${kind.name}`,
    filter: filterOf(kind, part),
    ...(prefix ? { minzoom: start.narrow } : {}),
  });
  const layers: LayerSpecification[] = [
    {
      ...of("fill"),
      type: "fill",
      layout: { "fill-sort-key": top },
      paint: {
        "fill-color": byLine(kind, (item) => lookOf(item).fill ?? lookOf(item).edge, role("moss")),
        // An empty outline keeps an almost invisible fill, so that a click inside finds the record.
        "fill-opacity": byLine(kind, (item) => (lookOf(item).fill ? lookOf(item).opacity : 0.04), 0.5),
      },
    },
  ];
  const hatched = kind.items.filter((item) => lookOf(item).pattern);
  if (hatched.length) {
    const pattern = ["match", ["get", "l"], ...hatched.flatMap((item) => [item.key, lookOf(item).pattern!]), "unknown"];
    layers.push({
      ...of("hatch"),
      type: "fill",
      layout: { "fill-sort-key": top },
      paint: { "fill-pattern": pattern as never, "fill-opacity": 0.9 },
    });
  }
  layers.push({
    ...of("edge"),
    type: "line",
    layout: { "line-join": "round", "line-sort-key": top },
    paint: {
      "line-color": byLine(kind, (item) => lookOf(item).edge, role("ink")),
      "line-width": byLine(kind, (item) => lookOf(item).width, 1.4),
      "line-dasharray": byLine(kind, (item) => ["literal", lookOf(item).dash ?? [1, 0]], ["literal", [1, 0]]),
    },
  });
  return layers;
}

function dotLayer(kind: Kind, top: never): LayerSpecification {
  return {
    id: `${kind.name}:dot`,
    type: "circle",
    source: `${kind.name}-marks`,
    filter: filterOf(kind, "dot"),
    layout: { "circle-sort-key": top },
    paint: {
      "circle-color": byLine(kind, (item) => lookOf(item).dot, role("sha")),
      // Marks are for shapes of at most 4 pixels: 3 reaches past their corners.
      "circle-radius": 3,
      "circle-opacity": byLine(kind, (item) => (lookOf(item).sign === "ring" ? 0 : 1), 1),
      "circle-stroke-width": byLine(kind, (item) => (lookOf(item).sign === "ring" ? 1 : 0), 0),
      "circle-stroke-color": byLine(kind, (item) => lookOf(item).dot, role("sha")),
    },
  };
}

function signLayer(kind: Kind, top: never): LayerSpecification {
  const size = lookOf(kind.items[0]).sign === "diamond" ? 0.6 : 1;
  return {
    id: `${kind.name}:sign`,
    type: "symbol",
    source: kind.name,
    filter: filterOf(kind, "sign"),
    layout: {
      "icon-image": ["concat", "sign:", ["get", "l"]],
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 6, 0.45 * size, 9, 0.7 * size, 13, 1.1 * size, 16, 1.3],
      "symbol-sort-key": top,
    },
  };
}

function chosenLayers(kind: Kind): LayerSpecification[] {
  const nothing: FilterSpecification = ["==", ["get", "id"], ""];
  const ring = (prefix: string): LayerSpecification => ({
    id: `${kind.name}:${prefix}chosen`,
    type: "line",
    source: `${prefix}${kind.name}`,
    filter: nothing,
    layout: { visibility: "none" },
    paint: { "line-color": role("ink"), "line-width": 3 },
  });
  const point: LayerSpecification = {
    id: `${kind.name}:chosen-point`,
    type: "circle",
    source: kind.name,
    filter: nothing,
    layout: { visibility: "none" },
    paint: { "circle-radius": 11, "circle-opacity": 0, "circle-stroke-color": role("ink"), "circle-stroke-width": 2.5 },
  };
  return [...(spread(kind) ? [ring(""), ring(NARROW)] : []), point];
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
