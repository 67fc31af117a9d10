import { describe, expect, it } from "vitest";
import type { Trade } from "../api/operator";
import { commandOf, isValue, quorumAt, readDuration, readShares, tariffEffect } from "./proposals";

describe("proposals", () => {
  it("read durations as the command line does", () => {
    expect(["90s", "5m", "36h", "2d"].map(readDuration)).toEqual([90_000, 300_000, 129_600_000, 172_800_000]);
    for (const text of ["5", "m", "5 m", "-5m", "5min", ""]) expect(readDuration(text)).toBeNull();
  });
  it("know which values the ledger takes", () => {
    expect(isValue("duration", "400d")).toBe(true);
    expect(isValue("duration", "401d")).toBe(false);
    expect(isValue("amount", "10.5")).toBe(true);
    expect(isValue("amount", "-1")).toBe(false);
    expect(isValue("rule", "mid_market")).toBe(true);
    expect(isValue("rule", "auction")).toBe(false);
    expect(isValue("switch", "true")).toBe(true);
  });
  it("write commands that a shell takes as one word each", () => {
    expect(commandOf(["parameter", "close_grace", "5m"], "http://127.0.0.1:8080")).toBe("powershare governance parameter close_grace 5m --key administrator.key --peer http://127.0.0.1:8080");
    expect(commandOf(["remove-member", "--id", "a peer's; rm"], "http://p")).toContain(`--id 'a peer'\\''s; rm' --key`);
  });
  it("read shares as the ledger takes them, in its order", () => {
    const from = "2026-12-01T00:00:00Z";
    expect(JSON.parse(readShares("Resident:B 0.75\nResident:A 0.25\n\nResident:A Resident:B 1", from) ?? "")).toEqual({
      type: "SetShares", from,
      shares: [{ participant: "Resident:A", share: "0.25" }, { participant: "Resident:B", share: "0.75" }],
      pairs: [{ producer: "Resident:A", consumer: "Resident:B", share: "1" }],
    });
    for (const wrong of ["", "Resident:A", "Resident:A 1.5", "Resident:A 0.6\nResident:B 0.5", "Resident:A 0.1\nResident:A 0.2", "Resident:A Resident:A 0.5", "A 0.5"]) {
      expect(readShares(wrong, from), wrong).toBeNull();
    }
    expect(readShares("Resident:A 1", "soon")).toBeNull();
  });
  it("tell quorums as the chain has them", () => {
    expect(quorumAt(4)).toEqual({ members: 4, faulty: 1, quorum: 3 });
    expect(quorumAt(7)).toEqual({ members: 7, faulty: 2, quorum: 5 });
  });
  it("price the energy of a utility anew, and nobody else's", () => {
    const trade = (seller: string, buyer: string, energy: string, amount: string, venue: Trade["venue"]) => ({ seller, buyer, energy_kwh: energy, amount, venue }) as Trade;
    const trades = [trade("U:e", "R:a", "10", "1.5", "utility"), trade("R:b", "U:e", "4", "0.2", "utility"), trade("R:b", "R:a", "7", "0.7", "local"), trade("U:x", "R:a", "9", "9", "utility")];
    expect(tariffEffect(trades, "U:e", 0.2, 0.1)).toEqual({ fromUtility: 10, toUtility: 4, paidBefore: 1.5, paidAfter: 2, earnedBefore: 0.2, earnedAfter: 0.4 });
  });
});
