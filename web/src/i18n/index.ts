import { language } from "../lib/settings";
import { useStore } from "../lib/store";
import { en, type Messages } from "./en";
import { pt } from "./pt";

export type { Messages } from "./en";
export const catalogues: Record<"en" | "pt", Messages> = { en, pt };

/** What the app says, in the language that is chosen. */
export function useText(): Messages {
  return catalogues[useStore(language)];
}

/** The text under a key that came from a peer; the key itself where this version does not know it. */
export function textOf(texts: Record<string, unknown>, key: string): string {
  const text = texts[key];
  return typeof text === "string" ? text : key;
}
