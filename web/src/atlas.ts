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

const POLYGON: ExpressionSpecification = ["match", ["geometry-type"], ["Polygon", "MultiPolygon"], true, false];
const POINT: ExpressionSpecification = ["match", ["geometry-type"], ["Point", "MultiPoint"], true, false];

export type Bounds = [number, number, number, number];

export class Atlas {
  readonly view: MapView;
  private readonly drawn = new Set<string>();
  private difference: string | null = null;

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
        : { bounds: box, fitBoundsOptions: { padding: this.padding() } }),
      attributionControl: false,
      dragRotate: false,
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
    for (const kind of [...start.kinds].sort((a, b) => rank(a) - rank(b))) {
      const wanted = kind.items.some((item) => state.lines.has(item.key));
      if (!wanted && !this.drawn.has(kind.name)) continue;
      const data = `/api/layer/${kind.name}.geojson?${whenQuery()}`;
      const source = this.view.getSource(kind.name) as GeoJSONSource | undefined;
      if (source) {
        source.setData(new URL(data, location.href).href);
      } else {
        this.addKind(kind, new URL(data, location.href).href);
      }
    }
    this.show();
  }

  private addKind(kind: Kind, data: string): void {
    this.drawn.add(kind.name);
    // Tolerance 0: geojson-vt then neither simplifies a shape nor drops a small one (S1).
    this.view.addSource(kind.name, { type: "geojson", data, tolerance: 0, maxzoom: 16 });
    for (const layer of kindLayers(kind)) this.view.addLayer(layer, this.above(kind));
  }

  /** The layer a kind is slipped under, so that the order does not depend on which was switched on first. */
  private above(kind: Kind): string | undefined {
    const higher = start.kinds.filter((one) => rank(one) > rank(kind) && this.drawn.has(one.name) && one !== kind);
    const lowest = higher.sort((a, b) => rank(a) - rank(b))[0];
    if (lowest) return this.view.getStyle().layers.find((layer) => "source" in layer && layer.source === lowest.name)?.id;
    return this.view.getLayer("difference-fill") ? "difference-fill" : undefined;
  }

  /** Lines of the legend on and off. */
  show(): void {
    for (const kind of start.kinds) {
      if (!this.drawn.has(kind.name)) continue;
      for (const item of kind.items) {
        for (const part of ["fill", "edge", "sign"]) {
          const id = `${item.key}:${part}`;
          if (this.view.getLayer(id)) {
            this.view.setLayoutProperty(id, "visibility", state.lines.has(item.key) ? "visible" : "none");
          }
        }
      }
      this.view.setFilter(`${kind.name}:dot`, dotFilter(kind));
    }
    this.select();
  }

  /** Ring the open record. */
  select(): void {
    for (const name of this.drawn) {
      const filter: ExpressionSpecification = ["==", ["get", "id"], state.record ?? ""];
      this.view.setFilter(`${name}:chosen`, ["all", POLYGON, filter]);
      this.view.setFilter(`${name}:chosen-point`, ["all", POINT, filter]);
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
    const layers = this.view.getStyle().layers.map((layer) => layer.id).filter((id) => /:(fill|edge|sign|dot)$/.test(id));
    const found = this.view.queryRenderedFeatures(box, { layers });
    return (found[0]?.properties.id as string | undefined) ?? null;
  }

  /** West, south, east, north of what is seen beside the cards. */
  bounds(): Bounds {
    const seen = this.view.getBounds();
    const clamp = (value: number, most: number) => Math.max(-most, Math.min(most, value));
    return [clamp(seen.getWest(), 180), clamp(seen.getSouth(), 90), clamp(seen.getEast(), 180), clamp(seen.getNorth(), 90)];
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
      paint: { "fill-color": ["match", ["get", "own"], 1, role("own"), role("land")], "fill-antialias": false },
    },
    {
      id: "border",
      type: "line",
      source: "base",
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

function kindLayers(kind: Kind): LayerSpecification[] {
  const order = [...kind.items].reverse(); // the first of the legend is the most dangerous and lies on top
  const shapes = order.flatMap((item) => shapeLayers(kind, item));
  const signs = order.map((item) => signLayer(kind, item));
  return [...shapes, dotLayer(kind), ...signs, ...chosenLayers(kind)];
}

function shapeLayers(kind: Kind, item: Item): LayerSpecification[] {
  const look = lookOf(item);
  const mine: ExpressionSpecification = ["==", ["get", "l"], item.key];
  const layers: LayerSpecification[] = [
    {
      id: `${item.key}:edge`,
      type: "line",
      source: kind.name,
      filter: mine,
      layout: { "line-join": "round" },
      paint: {
        "line-color": look.edge,
        "line-width": ["interpolate", ["linear"], ["zoom"], 6, look.width * 0.7, 14, look.width * 1.5],
        ...(look.dash ? { "line-dasharray": look.dash } : {}),
      },
    },
  ];
  // An empty outline keeps an almost invisible fill, so that a click inside finds the record.
  layers.unshift({
    id: `${item.key}:fill`,
    type: "fill",
    source: kind.name,
    filter: ["all", POLYGON, mine],
    paint: look.pattern
      ? { "fill-pattern": look.pattern, "fill-opacity": look.opacity }
      : { "fill-color": look.fill ?? look.edge, "fill-opacity": look.fill ? look.opacity : 0.04 },
  });
  return layers;
}

/** Shapes smaller than a few pixels are dots as well: no zoom hides one (S1). */
function dotLayer(kind: Kind): LayerSpecification {
  const colours = kind.items.flatMap((item) => [item.key, lookOf(item).dot]);
  return {
    id: `${kind.name}:dot`,
    type: "circle",
    source: kind.name,
    filter: dotFilter(kind),
    paint: {
      "circle-color": ["match", ["get", "l"], ...colours, role("sha")] as never,
      "circle-radius": kind.danger ? 2.2 : 1.4,
      "circle-pitch-alignment": "map",
    },
  };
}

function dotFilter(kind: Kind): FilterSpecification {
  const shown = kind.items.map((item) => item.key).filter((key) => state.lines.has(key));
  return ["all", POLYGON, ["<", ["zoom"], ["get", "z"]], ["in", ["get", "l"], ["literal", shown]]] as never;
}

function signLayer(kind: Kind, item: Item): LayerSpecification {
  return {
    id: `${item.key}:sign`,
    type: "symbol",
    source: kind.name,
    filter: ["all", POINT, ["==", ["get", "l"], item.key]],
    layout: {
      "icon-image": `sign:${item.key}`,
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.55, 9, 0.8, 13, 1.1],
    },
  };
}

function chosenLayers(kind: Kind): LayerSpecification[] {
  const nothing: ExpressionSpecification = ["==", ["get", "id"], ""];
  return [
    {
      id: `${kind.name}:chosen`,
      type: "line",
      source: kind.name,
      filter: nothing,
      paint: { "line-color": role("ink"), "line-width": 3 },
    },
    {
      id: `${kind.name}:chosen-point`,
      type: "circle",
      source: kind.name,
      filter: nothing,
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
      filter: ["any", POINT, ["<", ["zoom"], ["get", "z"]]] as never,
      paint: { "circle-radius": 6, "circle-opacity": 0, "circle-stroke-color": colour, "circle-stroke-width": 2 },
    },
  ];
}
