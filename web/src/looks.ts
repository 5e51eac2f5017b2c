// How each line of the legend looks on the map: hatches and signs are drawn to a canvas, colours come from the style sheet.
import type { Item } from "./start";

export type Look = {
  fill?: string;
  pattern?: string;
  opacity: number;
  edge: string;
  width: number;
  dash?: number[];
  dot: string;
  sign: "square" | "triangle" | "diamond" | "ring";
};

/** A colour by its role in the style sheet, in the theme that is on. */
export function role(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function lookOf(item: Item): Look {
  const released = { opacity: 0.85, edge: role("released-edge"), width: 0.8, sign: "square" as const };
  const claimed = { opacity: 0, edge: role("released-edge"), width: 1.4, dash: [3, 2], dot: role("released-edge"), sign: "ring" as const };
  switch (item.look) {
    case "cha":
      return { pattern: "cha", opacity: 0.9, edge: role("cha-edge"), width: 1.4, dot: item.colour ?? role("cha"), sign: "square" };
    case "sha":
      return { pattern: "sha", opacity: 0.9, edge: role("sha-edge"), width: 1.4, dot: item.colour ?? role("sha"), sign: "square" };
    case "unknown":
      return { pattern: "unknown", opacity: 0.9, edge: role("sha-edge"), width: 1.4, dash: [2, 1.5], dot: role("sha"), sign: "square" };
    case "indication":
      return { fill: role("field"), opacity: 0.55, edge: role("ink"), width: 1.4, dash: [2.5, 1.5], dot: role("ink"), sign: "ring" };
    case "dismissed":
      return { opacity: 0, edge: role("muted"), width: 1, dash: [1, 2], dot: role("muted"), sign: "ring" };
    case "closed":
      return { opacity: 0, edge: role("released-edge"), width: 1.4, dot: role("released-edge"), sign: "ring" };
    case "cleared":
      return { ...released, fill: role("cleared"), dot: role("released-edge") };
    case "reduced":
      return { ...released, fill: role("reduced"), dot: role("released-edge") };
    case "cancelled":
      return { ...released, fill: role("cancelled"), dot: role("released-edge") };
    case "withdrawn":
      return { ...claimed, dash: [1, 2] };
    case "accident":
      return { opacity: 0, edge: role("ink"), width: 1, dot: role("ink"), sign: "triangle" };
    case "ordnance_find":
      return { opacity: 0, edge: role("place"), width: 1, dot: role("place"), sign: "diamond" };
    case "minefield_record":
      return { opacity: 0, edge: role("blue"), width: 1.6, dot: role("blue"), sign: "ring" };
    case "zone":
      return { opacity: 0, edge: role("blue"), width: 1.6, dash: [4, 2], dot: role("blue"), sign: "ring" };
    default:
      if (item.look.endsWith("claimed")) return claimed;
      return { fill: role("moss-soft"), opacity: 0.6, edge: role("moss"), width: 1, dot: role("moss"), sign: "diamond" };
  }
}

/** Every image the style may name. */
export function images(): [string, ImageData][] {
  return [
    ["cha", hatch(role("cha"), role("cha-paper"), -1)],
    ["sha", hatch(role("sha"), role("sha-paper"), 1)],
    ["unknown", stipple(role("sha"), role("sha-paper"))],
  ];
}

const RATIO = 2;
export const pixelRatio = RATIO;

function canvas(side: number, high = side): CanvasRenderingContext2D {
  const made = document.createElement("canvas");
  made.width = side * RATIO;
  made.height = high * RATIO;
  const drawing = made.getContext("2d", { willReadFrequently: true })!;
  drawing.scale(RATIO, RATIO);
  return drawing;
}

function taken(drawing: CanvasRenderingContext2D): ImageData {
  return drawing.getImageData(0, 0, drawing.canvas.width, drawing.canvas.height);
}

/** Half-filled: as much of the colour as of its paper, in stripes that tell the two classes apart without colour. */
function hatch(colour: string, paper: string, lean: 1 | -1): ImageData {
  const side = 8;
  const drawing = canvas(side);
  drawing.fillStyle = paper;
  drawing.fillRect(0, 0, side, side);
  drawing.strokeStyle = colour;
  drawing.lineWidth = side / Math.SQRT2 / 2;
  for (const shift of [-side, 0, side]) {
    drawing.beginPath();
    drawing.moveTo(shift - 2, lean === 1 ? -2 : side + 2);
    drawing.lineTo(shift + side + 2, lean === 1 ? side + 2 : -2);
    drawing.stroke();
  }
  return taken(drawing);
}

function stipple(colour: string, paper: string): ImageData {
  const drawing = canvas(8);
  drawing.fillStyle = paper;
  drawing.fillRect(0, 0, 8, 8);
  drawing.fillStyle = colour;
  for (const [x, y] of [[2, 2], [6, 6]]) {
    drawing.beginPath();
    drawing.arc(x, y, 1.7, 0, 2 * Math.PI);
    drawing.fill();
  }
  return taken(drawing);
}

/** A sign for a point: the image is made when the style first asks for its name, `sign:<kind>:<colour>:<pattern>`. */
export function sign(shape: Look["sign"], colour: string): ImageData {
  const side = 16;
  const drawing = canvas(side);
  drawing.beginPath();
  if (shape === "triangle") {
    drawing.moveTo(8, 2);
    drawing.lineTo(14.5, 13.5);
    drawing.lineTo(1.5, 13.5);
  } else if (shape === "diamond") {
    drawing.moveTo(8, 2.5);
    drawing.lineTo(12.5, 8);
    drawing.lineTo(8, 13.5);
    drawing.lineTo(3.5, 8);
  } else if (shape === "square") {
    drawing.rect(3.5, 3.5, 9, 9);
  } else {
    drawing.arc(8, 8, 4.5, 0, 2 * Math.PI);
  }
  drawing.closePath();
  drawing.lineJoin = "round";
  // Finds are many and small: a wide halo round each would hide the hazard they were made in.
  drawing.lineWidth = shape === "diamond" ? 1.2 : 3;
  drawing.strokeStyle = role("halo");
  drawing.stroke();
  if (shape === "ring") {
    drawing.lineWidth = 2;
    drawing.strokeStyle = colour;
    drawing.stroke();
  } else {
    drawing.fillStyle = colour;
    drawing.fill();
  }
  return taken(drawing);
}

/** A place name as a picture: any script, shaped by the browser, with no glyph server. */
export function nameplate(words: string, large: boolean): ImageData {
  const font = `${large ? 600 : 400} ${large ? 13 : 12}px "Noto Sans", "Noto Sans Arabic", "DejaVu Sans", sans-serif`;
  const measuring = canvas(1);
  measuring.font = font;
  const wide = Math.ceil(measuring.measureText(words).width) + 8;
  const drawing = canvas(wide, 20);
  drawing.font = font;
  drawing.textAlign = "center";
  drawing.textBaseline = "middle";
  drawing.lineJoin = "round";
  drawing.lineWidth = 3;
  drawing.strokeStyle = role("halo");
  drawing.strokeText(words, wide / 2, 10);
  drawing.fillStyle = role("place");
  drawing.fillText(words, wide / 2, 10);
  return taken(drawing);
}
