import { describe, expect, it } from "vitest";
import recorded from "../testing/household.json";
import type { Bill, Criteria, Neighbour } from "../api/household";
import { monthBefore, rounding } from "./bill";
import { shifted } from "./history";
import { byPrice } from "./neighbourhood";
import { weekBefore } from "./ranking";
import { formOf, isReserve, limitOf, rulesOf, wrongOfSide } from "./rules";

const criteria = recorded["/etms/criteria"] as unknown as Criteria;

describe("trading rules", () => {
  it("come back from the form as they went in", () => {
    for (const decimal of [",", "."]) {
      const { sell, buy, automatic, battery_reserve_kwh, only_renewable, pay_more_for_green } = criteria;
      expect(rulesOf(formOf(criteria, decimal))).toEqual({ sell, buy, automatic, battery_reserve_kwh, only_renewable, pay_more_for_green });
    }
  });
  it("name what is wrong", () => {
    const { sell } = formOf(criteria, ",");
    expect(wrongOfSide(sell)).toEqual([]);
    expect(wrongOfSide({ ...sell, price: "-1" })).toEqual(["price"]);
    expect(wrongOfSide({ ...sell, mode: "tariff", offset: "x" })).toEqual(["offset"]);
    expect(wrongOfSide({ ...sell, windows: [{ weekdays: [], from: "08:00", to: "20:00" }] })).toEqual(["windows"]);
    expect(isReserve("1,5")).toBe(true);
    expect(isReserve("-1")).toBe(false);
  });
  it("tell their price before they are saved", () => {
    const { sell, buy } = formOf(criteria, ".");
    const { effect } = criteria;
    expect(limitOf(sell, false, true, effect, 0.08)).toBe(0.11);
    expect(limitOf(buy, false, false, effect, 0.1629)).toBeCloseTo(0.1429);
    expect(limitOf({ ...sell, mode: "registry" }, false, true, effect, 0.08)).toBe(0.08);
    expect(limitOf(sell, true, true, effect, 0.08)).toBeCloseTo(0.10395);
    expect(limitOf({ ...sell, enabled: false }, false, true, effect, 0.08)).toBeNull();
  });
});

describe("days", () => {
  it("move without a time of day, over the change of the clock too", () => {
    expect(shifted("day", "2021-03-28", 1)).toBe("2021-03-29");
    expect(shifted("day", "2021-03-01", -1)).toBe("2021-02-28");
    expect(shifted("week", "2020-12-28", 1)).toBe("2021-01-04");
    expect(shifted("month", "2021-01-31", 1)).toBe("2021-02-01");
    expect(shifted("year", "2021-06-24", -1)).toBe("2020-01-01");
    expect(monthBefore("2021-01", -1)).toBe("2020-12");
  });
  it("have the week before", () => {
    expect(weekBefore("2021-06-21T00:00:00Z")).toBe("2021-W24");
    expect(weekBefore("2021-01-04T00:00:00Z")).toBe("2020-W53");
    expect(weekBefore("2021-06-20T23:00:00Z")).toBe("2021-W24");
  });
});

describe("lists and bills", () => {
  it("have the cheapest neighbour first and those who do not sell last", () => {
    const items = [...(recorded["/etms/neighbours"].items as Neighbour[])].sort(byPrice);
    const prices = items.map((item) => item.sells_at_coins_per_kwh);
    const known = prices.filter((price) => price !== null);
    expect(known).toEqual([...known].sort((left, right) => left - right));
    expect(prices.slice(known.length).every((price) => price === null)).toBe(true);
  });
  it("add up to the cent, with a line for what is left over", () => {
    const bill = recorded["/etms/bills"] as unknown as Bill;
    expect(rounding(bill)).toBe(-0.01);
  });
});
