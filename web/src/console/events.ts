// What the chain said since the console was opened, newest first.
import type { LiveEvent } from "../lib/live";
import { createStore } from "../lib/store";

export interface Told {
  id: string;
  type: string;
  data: Record<string, unknown>;
  at: number;
}
const mostTold = 60;
export const told = createStore<Told[]>([]);

export function tellEvent(event: LiveEvent): void {
  told.set([{ id: event.id, type: event.type, data: event.data as Record<string, unknown>, at: Date.now() }, ...told.get()].slice(0, mostTold));
}
