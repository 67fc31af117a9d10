// Server-Sent Events over fetch, since EventSource cannot send the headers that say who asks. Goes on
// after the last event at whichever peer answers: an event has the same id on all of them.
import type { Peers } from "../api/http";
import { createStore } from "./store";

export interface LiveEvent {
  id: string;
  type: string;
  data: unknown;
}

/** Takes text as it arrives and calls back with each whole event. */
export class EventParser {
  private rest = "";
  constructor(private readonly found: (event: LiveEvent) => void) {}
  push(text: string): void {
    this.rest = (this.rest + text).replaceAll("\r\n", "\n");
    for (let end = this.rest.indexOf("\n\n"); end >= 0; end = this.rest.indexOf("\n\n")) {
      this.take(this.rest.slice(0, end));
      this.rest = this.rest.slice(end + 2);
    }
  }
  private take(text: string): void {
    const event = { id: "", type: "message", data: "" };
    for (const line of text.split("\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const value = line.slice(colon + 1).replace(/^ /, "");
      if (line.startsWith("id:")) event.id = value;
      else if (line.startsWith("event:")) event.type = value;
      else if (line.startsWith("data:")) event.data += value;
    }
    if (event.data === "") return;
    try {
      this.found({ ...event, data: JSON.parse(event.data) });
    } catch {
      // A peer of another version may say what this page cannot read.
    }
  }
}

/** Rises when something was decided that screens may show; at most once in `tickMs`. */
export const liveTick = createStore(0);
export type LiveState = "connecting" | "live" | "lost";
export const liveState = createStore<LiveState>("connecting");
const tickMs = 1000;
const silenceMs = 45_000; // three of the server's keep-alives

export interface LiveSource {
  peers: Peers;
  path: string;
  headers(): Promise<Record<string, string>>;
  onEvent?(event: LiveEvent): void;
}

/** Follows the events until the returned function is called. */
export function follow(source: LiveSource): () => void {
  const stop = new AbortController();
  let lastId = "";
  let pending = 0;
  const bump = () => {
    if (pending) return;
    pending = window.setTimeout(() => {
      pending = 0;
      if (document.visibilityState === "visible") liveTick.set(liveTick.get() + 1);
    }, tickMs);
  };
  const shown = () => document.visibilityState === "visible" && liveTick.set(liveTick.get() + 1);
  document.addEventListener("visibilitychange", shown);
  void run(source, stop.signal, () => lastId, (event) => {
    if (event.id) lastId = event.id;
    source.onEvent?.(event);
    bump();
  });
  return () => {
    stop.abort();
    window.clearTimeout(pending);
    document.removeEventListener("visibilitychange", shown);
  };
}

async function run(source: LiveSource, stop: AbortSignal, lastId: () => string, found: (event: LiveEvent) => void) {
  let wait = 500;
  while (!stop.aborted) {
    const base = source.peers.now();
    const quiet = new AbortController();
    try {
      const headers: Record<string, string> = { ...(await source.headers()), Accept: "text/event-stream" };
      if (lastId()) headers["Last-Event-ID"] = lastId();
      await read(source, AbortSignal.any([stop, quiet.signal]), quiet, headers, found, () => (wait = 500));
    } catch {
      // Told below: the peer is gone, or this person's session is.
    }
    if (stop.aborted) return;
    liveState.set("lost");
    source.peers.leave(base);
    await new Promise((done) => window.setTimeout(done, wait));
    wait = Math.min(wait * 2, 10_000);
  }
}

async function read(
  source: LiveSource,
  signal: AbortSignal,
  quiet: AbortController,
  headers: Record<string, string>,
  found: (event: LiveEvent) => void,
  opened: () => void,
): Promise<void> {
  const url = source.peers.now() + source.path;
  const response = await fetch(url, { headers, signal, cache: "no-store", credentials: "omit" });
  if (!response.ok || !response.body) throw new Error(String(response.status));
  liveState.set("live");
  opened();
  liveTick.set(liveTick.get() + 1);
  const parser = new EventParser(found);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let timer = 0;
  try {
    for (;;) {
      timer = window.setTimeout(() => quiet.abort(), silenceMs);
      const { done, value } = await reader.read();
      window.clearTimeout(timer);
      if (done) return;
      parser.push(value);
    }
  } finally {
    window.clearTimeout(timer);
  }
}

