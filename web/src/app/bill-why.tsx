// The slots behind one number of a bill.
import { useEffect, useState } from "react";
import { household, type BillQuestion, type BillReason, type BillWhy } from "../api/household";
import { textOf, useText, type Messages } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link, useQuery } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Button, Card, Tile, Tiles } from "../ui/basic";
import { ErrorNotice, Shown } from "../ui/state";
import { lineName } from "./bill";

/** What is asked, from the address; null where it names no number. */
export function questionOf(query: URLSearchParams): BillQuestion | null {
  const [month, line] = [query.get("month"), query.get("line")];
  if (!month || !line) return null;
  return { month, line, counterparty: query.get("counterparty") ?? undefined, band: query.get("band") ?? undefined, level: query.get("level") ?? undefined };
}

export function slotPath(slot: string): string {
  return "/bill/slot?" + new URLSearchParams({ start: slot }).toString();
}

function nameOf(t: Messages, question: BillQuestion): string {
  const figure = textOf(t.bill.figures, question.line);
  if (figure !== question.line) return figure;
  return lineName(t, {
    line: question.line,
    counterparty_type: question.counterparty ?? null,
    level: question.level ?? null,
    band_coins_per_kwh: null,
    energy_kwh: null,
    mean_price: null,
    amount_coins: 0,
  });
}

function Reason({ reason }: { reason: BillReason }) {
  const t = useText();
  const f = useFormat();
  const rule = reason.rule ? textOf(t.trading.rules, reason.rule) : t.state.none;
  return (
    <tr>
      <th scope="row">
        <Link to={slotPath(reason.slot)}>{f.dateTime(reason.slot)}</Link>
        {reason.settled_at && (
          <span className="soft small" style={{ display: "block" }}>
            {t.bill.settledAt(f.dateTime(reason.settled_at))}
          </span>
        )}
      </th>
      <td className="number">
        {reason.energy_kwh === 0 && reason.of_kwh === 0 ? "" : f.kwh(reason.energy_kwh, 3)}
        {reason.of_kwh !== 0 && ` / ${f.kwh(reason.of_kwh, 3)}`}
      </td>
      <td className="number">{reason.amount_coins === 0 ? "" : f.coins(reason.amount_coins, 4)}</td>
      <td className="wide-only">
        {reason.movement ? textOf(t.wallet.kinds, reason.movement) : rule}
        {reason.clearing_price_coins_per_kwh !== null && !reason.movement && (
          <span className="soft small" style={{ display: "block" }}>
            {f.price(reason.clearing_price_coins_per_kwh)}
          </span>
        )}
      </td>
    </tr>
  );
}

function Reasons({ question, first }: { question: BillQuestion; first: BillWhy }) {
  const t = useText();
  const f = useFormat();
  const [more, setMore] = useState<BillWhy[]>([]);
  useEffect(() => setMore([]), [first]);
  const next = (more.at(-1) ?? first).next;
  const load = useAction(async () => {
    const page = await household.billWhy(question, next ?? undefined);
    setMore((before) => [...before, page]);
  });
  const items = [first, ...more].flatMap((page) => page.items);
  return (
    <Card title={t.bill.slotsBehind}>
      <Tiles>
        {first.amount_coins !== 0 && <Tile label={t.bill.amount} value={f.coins(first.amount_coins, 4)} />}
        {first.energy_kwh !== 0 && <Tile label={t.bill.energy} value={f.kwh(first.energy_kwh, 3)} />}
        {first.of_kwh !== 0 && <Tile label={t.bill.share} value={f.percent(first.energy_kwh / first.of_kwh, 1)} hint={t.bill.ofWhole(f.kwh(first.of_kwh, 3))} />}
      </Tiles>
      <div className="table-box spaced" tabIndex={0} role="region" aria-label={t.bill.slotsBehind}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{t.bill.slot}</th>
              <th scope="col" className="number">
                {t.bill.energy}
              </th>
              <th scope="col" className="number">
                {t.bill.amount}
              </th>
              <th scope="col" className="wide-only">
                {t.bill.reason}
              </th>
            </tr>
          </thead>
          <tbody>
            {items.map((reason, index) => (
              <Reason key={index} reason={reason} />
            ))}
          </tbody>
        </table>
      </div>
      {load.error && <ErrorNotice error={load.error} />}
      {next && (
        <Button onClick={() => void load.run()} busy={load.busy}>
          {t.state.more}
        </Button>
      )}
    </Card>
  );
}

function Asked({ question }: { question: BillQuestion }) {
  const t = useText();
  const key = "bill why " + JSON.stringify(question);
  const why = useResource(key, (signal) => household.billWhy(question, undefined, signal));
  return (
    <Shown of={why} rows={4} empty={[(data) => data.items.length === 0, t.bill.noTradesOfLine]}>
      {(data) => <Reasons question={question} first={data} />}
    </Shown>
  );
}

export default function BillWhyScreen() {
  const t = useText();
  const question = questionOf(useQuery());
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{question ? t.bill.whyTitle(nameOf(t, question)) : t.bill.why}</h1>
        <Link to="/bill">{t.bill.back}</Link>
      </div>
      {question ? <Asked question={question} /> : <p>{t.bill.noTradesOfLine}</p>}
    </div>
  );
}
