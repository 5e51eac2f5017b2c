// Asking the server; a refusal keeps its code, what was found and what to do.

export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly what: string,
    readonly remedy: string,
  ) {
    super(`${what} ${remedy}`.trim());
  }
}

async function answer(address: string, signal?: AbortSignal): Promise<Response> {
  const response = await fetch(address, { signal, headers: { Accept: "application/json" } });
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Refusal(said.code ?? String(response.status), said.what ?? response.statusText, said.remedy ?? "");
}

export async function ask<T>(address: string, signal?: AbortSignal): Promise<T> {
  return (await answer(address, signal)).json();
}

/** A piece of a page. */
export async function page(address: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(address, { signal });
  if (response.ok || response.headers.get("content-type")?.includes("html")) return response.text();
  throw new Refusal(String(response.status), response.statusText, "");
}

/** Only the last of several askings counts: the one before is called off. */
export function latest(): () => AbortSignal {
  let running: AbortController | null = null;
  return () => {
    running?.abort();
    running = new AbortController();
    return running.signal;
  };
}

export function calledOff(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
