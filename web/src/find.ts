// Finding a place on the map, or failing that a record by its code or name.
import { placesOf } from "./places";
import { one } from "./start";

type Named = { name: string; folded: string; people: number; at: [number, number] };

const field = one<HTMLInputElement>("#find");
const offered = one<HTMLDataListElement>("#found");
let places: Promise<Named[]> | null = null;

const fold = (words: string) => words.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();

async function load(): Promise<Named[]> {
  return (await placesOf()).map(([east, north, people, name]) => ({ name, folded: fold(name), people, at: [east, north] }));
}

async function matching(words: string): Promise<Named[]> {
  places ??= load();
  const wanted = fold(words.trim());
  return wanted ? (await places).filter((one) => one.folded.startsWith(wanted)).slice(0, 12) : [];
}

/** `fly` moves the map to a place. What is no place is looked for among the records, by the form's own address. */
export function build(fly: (at: [number, number]) => void): void {
  field.addEventListener("focus", () => void (places ??= load()), { once: true });
  field.addEventListener("input", async () => {
    const found = await matching(field.value);
    offered.replaceChildren(...found.map((one) => new Option(one.name, one.name)));
    const chosen = found.find((one) => one.name === field.value);
    if (chosen && found.length === 1) fly(chosen.at);
  });
  const form = one<HTMLFormElement>(".find");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const found = await matching(field.value);
    const chosen = found.find((one) => one.folded === fold(field.value.trim())) ?? found[0];
    if (chosen) fly(chosen.at);
    else form.submit();
  });
}
