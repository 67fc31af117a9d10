import type { Catalogue } from "../../i18n/en";
import { language } from "../../lib/settings";
import { useStore } from "../../lib/store";
import { en } from "./en";
import { pt } from "./pt";

export type ConsoleMessages = Catalogue<typeof en>;
const catalogues: Record<"en" | "pt", ConsoleMessages> = { en, pt };

/** What the console says, in the language that is chosen. */
export function useConsoleText(): ConsoleMessages {
  return catalogues[useStore(language)];
}
