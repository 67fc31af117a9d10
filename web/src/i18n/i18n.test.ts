import { describe, expect, it } from "vitest";
import { en as consoleEn } from "../console/i18n/en";
import { pt as consolePt } from "../console/i18n/pt";
import { en } from "./en";
import { pt } from "./pt";

function texts(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") return [[path, (value as (...input: string[]) => string)("7", "8", "9")]];
  if (value && typeof value === "object") return Object.entries(value).flatMap(([name, inner]) => texts(inner, `${path}.${name}`));
  return [];
}

describe.each([
  ["the app", en, pt],
  ["the console", consoleEn, consolePt],
])("%s", (_, english, portuguese) => {
  const [left, right] = [texts(english), new Map(texts(portuguese))];
  it("says everything in both languages, and says the same numbers", () => {
    expect(left.map(([path]) => path)).toEqual([...right.keys()]);
    for (const [path, text] of left) {
      const other = right.get(path) ?? "";
      expect(text.trim(), path).not.toBe("");
      expect(other.trim(), path).not.toBe("");
      const numbers = (each: string) => (each.match(/[789]/g) ?? []).sort().join();
      expect(numbers(other), path).toBe(numbers(text));
    }
  });
  it("has left no sentence untranslated", () => {
    const same = left.filter(([path, text]) => text.split(" ").length > 2 && right.get(path) === text).map(([path]) => path);
    expect(same).toEqual([]);
  });
});
