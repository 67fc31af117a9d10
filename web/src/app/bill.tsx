import { useState } from "react";
import { household, type Bill, type BillEntry, type BillQuestion } from "../api/household";
import { textOf, useText, type Messages } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { language, useFormat } from "../lib/settings";
import { Badge, Button, Card, Notice, Tile, Tiles } from "../ui/basic";
import { ErrorNotice, Shown } from "../ui/state";

export function monthBefore(month: string, by: number): string {
  const [year = 1970, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

/** What two decimals on each line leave over against the exact sum. */
export function rounding(bill: Bill): number {
  const cents = (value: number) => Math.round(value * 100);
  return (cents(bill.cost_coins) - bill.lines.reduce((sum, line) => sum + cents(line.amount_coins), 0)) / 100;
}

/** What stands before a line's figures. */
export function lineName(t: Messages, entry: BillEntry): string {
  const parts = [textOf(t.bill.lines, entry.line)];
  if (entry.counterparty_type) parts.push(textOf(t.bill.counterparties, entry.counterparty_type));
  if (entry.level) parts.push(entry.level);
  return parts.join(" ");
}

/** Where the slots behind a number are shown. */
export function whyPath(question: BillQuestion): string {
  const given = Object.entries(question).filter((entry): entry is [string, string] => Boolean(entry[1]));
  return "/bill/why?" + new URLSearchParams(given).toString();
}

function Line({ month, entry, banded }: { month: string; entry: BillEntry; banded: boolean }) {
  const t = useText();
  const f = useFormat();
  const name = lineName(t, entry);
  const question: BillQuestion = {
    month,
    line: entry.line,
    counterparty: entry.counterparty_type ?? undefined,
    band: entry.band_coins_per_kwh === null ? undefined : String(entry.band_coins_per_kwh),
    level: entry.level ?? undefined,
  };
  return (
    <tr>
      <th scope="row">
        {name}
        {banded && entry.band_coins_per_kwh !== null && (
          <span className="soft small" style={{ display: "block" }}>
            {t.bill.band(f.price(entry.band_coins_per_kwh))}
          </span>
        )}
      </th>
      <td className="number">{entry.energy_kwh === null ? "" : f.kwh(entry.energy_kwh, 3)}</td>
      <td className="number wide-only">{entry.mean_price === null ? t.state.none : f.price(entry.mean_price)}</td>
      <td className="number">
        <Link to={whyPath(question)} aria-label={`${t.bill.why} ${name}: ${f.coins(entry.amount_coins)}`}>
          {f.coins(entry.amount_coins)}
        </Link>
      </td>
    </tr>
  );
}

function Lines({ bill }: { bill: Bill }) {
  const t = useText();
  const f = useFormat();
  const left = rounding(bill);
  const same = (entry: BillEntry) => bill.lines.filter((other) => other.line === entry.line && other.counterparty_type === entry.counterparty_type).length;
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={t.bill.title}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t.bill.line}</th>
            <th scope="col" className="number">
              {t.bill.energy}
            </th>
            <th scope="col" className="number wide-only">
              {t.bill.mean}
            </th>
            <th scope="col" className="number">
              {t.bill.amount}
            </th>
          </tr>
        </thead>
        <tbody>
          {bill.lines.map((entry, index) => (
            <Line key={index} month={bill.month} entry={entry} banded={same(entry) > 1} />
          ))}
          {left !== 0 && (
            <tr>
              <th scope="row">{t.bill.rounding}</th>
              <td />
              <td className="wide-only" />
              <td className="number">{f.coins(left)}</td>
            </tr>
          )}
        </tbody>
        <tfoot>
          <tr>
            <td>{bill.cost_coins < 0 ? t.bill.totalCredit : t.bill.total}</td>
            <td />
            <td className="wide-only" />
            <td className="number">
              <Link to={whyPath({ month: bill.month, line: "cost" })} aria-label={`${t.bill.why} ${t.bill.total}`}>
                {f.coins(Math.abs(bill.cost_coins))}
              </Link>
            </td>
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

/** A number beside the lines; a click shows what it is made of. */
function Figure({ bill, line, label, value }: { bill: Bill; line: string; label: string; value: string }) {
  const t = useText();
  const why = (
    <Link to={whyPath({ month: bill.month, line })} aria-label={`${t.bill.why} ${label}: ${value}`}>
      {value}
    </Link>
  );
  return <Tile label={label} value={why} />;
}

function Figures({ bill }: { bill: Bill }) {
  const t = useText();
  const f = useFormat();
  const share = (value: number | null) => (value === null ? t.state.none : f.percent(value));
  const owed = bill.opening_due_coins + bill.closing_due_coins > 0;
  const before = monthBefore(bill.month, -1);
  return (
    <Tiles>
      <Figure bill={bill} line="savings" label={t.bill.savings} value={f.coins(bill.savings_coins)} />
      <Figure bill={bill} line="cost_without_market" label={t.bill.without} value={f.coins(bill.cost_without_market_coins)} />
      <Figure bill={bill} line="self_consumption" label={t.bill.selfConsumption} value={share(bill.self_consumption)} />
      <Figure bill={bill} line="self_sufficiency" label={t.bill.selfSufficiency} value={share(bill.self_sufficiency)} />
      <Figure bill={bill} line="consumption" label={t.bill.consumption} value={f.kwh(bill.consumption_kwh)} />
      <Figure bill={bill} line="peak" label={t.bill.peak} value={f.watts(bill.peak_kw * 1000)} />
      <Tile label={t.bill.co2} value={`${f.number(bill.co2_kg, 1)} kg`} hint={t.bill.co2Avoided(f.number(bill.co2_avoided_kg, 1))} />
      <Figure bill={{ ...bill, month: before }} line="coins" label={t.bill.opening} value={f.coins(bill.opening_coins)} />
      <Figure bill={bill} line="coins" label={t.bill.closing} value={f.coins(bill.closing_coins)} />
      {owed && <Figure bill={{ ...bill, month: before }} line="due" label={t.bill.dueOpening} value={f.coins(bill.opening_due_coins)} />}
      {owed && <Figure bill={bill} line="due" label={t.bill.dueClosing} value={f.coins(bill.closing_due_coins)} />}
    </Tiles>
  );
}

function BillView({ bill }: { bill: Bill }) {
  const t = useText();
  const f = useFormat();
  return (
    <div className="stack">
      <Card
        title={f.month(bill.from)}
        actions={<Badge tone={bill.final ? "good" : "warn"}>{bill.final ? t.bill.final : t.bill.provisional(f.date(bill.final_on))}</Badge>}
      >
        <Lines bill={bill} />
        <p className="soft small spaced">
          {t.bill.notInvoice} {t.bill.clickHelp}
        </p>
      </Card>
      <Figures bill={bill} />
      <Card title={t.bill.lifetime}>
        <Tiles>
          <Tile label={t.bill.earned} value={f.coins(bill.lifetime.earned_coins)} />
          <Tile label={t.bill.renewable} value={f.kwh(bill.lifetime.bought_renewable_kwh)} />
          <Tile label={t.bill.produced} value={f.kwh(bill.lifetime.production_kwh)} />
        </Tiles>
      </Card>
      {bill.missing.length > 0 ? (
        <Notice tone="warn">
          {t.bill.missing} {bill.missing.map(({ meter, seconds }) => `${meter} (${f.duration(seconds)})`).join(", ")}
        </Notice>
      ) : (
        <p className="soft small">{t.bill.complete}</p>
      )}
      <p className="soft small">
        {t.state.settledUntil(f.dateTime(bill.settled_until))}
        {bill.proof && (
          <>
            {" "}
            · {t.bill.proof(String(bill.proof.height))} <span className="mono">{bill.proof.block ?? ""}</span>
          </>
        )}{" "}
        · {t.bill.head}: <span className="mono">{bill.head}</span>
      </p>
    </div>
  );
}

function FileButton({ month, format, label }: { month: string; format: "pdf" | "csv"; label: string }) {
  const action = useAction(async () => {
    const url = URL.createObjectURL(await household.billFile(month, format, language.get()));
    const link = document.createElement("a");
    link.href = url;
    link.download = `power-share-${month}.${format}`;
    link.click();
    URL.revokeObjectURL(url);
  });
  return (
    <>
      <Button onClick={() => void action.run()} busy={action.busy}>
        {label}
      </Button>
      {action.error && <ErrorNotice error={action.error} />}
    </>
  );
}

export default function BillScreen() {
  const t = useText();
  const [month, setMonth] = useState<string | undefined>(undefined);
  const bill = useResource("bill " + (month ?? "now"), (signal) => household.bill(month, signal), { live: true, kept: true });
  const shown = month ?? bill.data?.month;
  const move = (by: number) => shown && setMonth(monthBefore(shown, by));
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{t.bill.title}</h1>
        <div className="row no-print">
          <Button small aria-label={t.history.previous} onClick={() => move(-1)}>
            ‹
          </Button>
          <Button small aria-label={t.history.next} onClick={() => move(1)}>
            ›
          </Button>
          {shown && <FileButton month={shown} format="pdf" label={t.bill.pdf} />}
          {shown && <FileButton month={shown} format="csv" label={t.bill.csv} />}
        </div>
      </div>
      <Shown of={bill} rows={4} empty={[(data) => data.slots === 0, t.bill.empty]}>
        {(data) => <BillView bill={data} />}
      </Shown>
    </div>
  );
}
