import { describe, expect, it } from "vitest";
import type { Origin } from "../api/household";
import recorded from "../testing/household.json";
import { partsOf } from "./origin";

describe("origin", () => {
  it("lists what was used by who it came from, and leaves out what was passed on", () => {
    const origin = (recorded as Record<string, unknown>)["/etms/origin"] as Origin;
    const parts = partsOf(origin);
    expect(parts).toEqual([
      { from: "own", source: "solar", energy: 4.25 },
      { from: "neighbours", source: "solar", energy: 3 },
      { from: "supplier", source: "solar", energy: 0.5 },
      { from: "neighbours", source: "wind", energy: 1.5 },
    ]);
    expect(parts.reduce((sum, { energy }) => sum + energy, 0)).toBe(origin.renewable_kwh);
  });
});
