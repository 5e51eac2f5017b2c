// Names of places around the programme's country, cut from GeoNames when the map was built.
import type { FeatureCollection, Point } from "geojson";
import { ask } from "./ask";
import { start } from "./start";

type Named = [east: number, north: number, people: number, name: string];

let asked: Promise<Named[]> | null = null;

export function placesOf(): Promise<Named[]> {
  return (asked ??= ask<Named[]>(start.places));
}

export async function asPoints(): Promise<FeatureCollection<Point, { n: string; p: number }>> {
  const features = (await placesOf()).map(([east, north, p, n]) => ({
    type: "Feature" as const,
    properties: { n, p },
    geometry: { type: "Point" as const, coordinates: [east, north] },
  }));
  return { type: "FeatureCollection", features };
}
