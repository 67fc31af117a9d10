import { useMemo } from "react";
import { operator, type Slot } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link, navigate } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Badge, Card } from "../ui/basic";
import { Chart } from "../ui/chart";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useConsoleText } from "./i18n";

const shownSlots = 192;
const chartedSlots = 96;

function Picture({ slots }: { slots: Slot[] }) {
  const c = useConsoleText();
  const f = useFormat();
  const { times, energy } = useMemo(() => {
    const rising = slots.slice(0, chartedSlots).reverse();
    return {
      times: rising.map((slot) => slot.start),
      energy: [
        { label: c.slots.imported, color: "--car", values: rising.map((slot) => Number(slot.imported_kwh)) },
        { label: c.slots.exported, color: "--sun-fill", values: rising.map((slot) => Number(slot.exported_kwh)) },
        { label: c.slots.traded, color: "--neighbours", values: rising.map((slot) => Number(slot.traded_kwh)) },
      ],
    };
  }, [slots, c]);
  const value = useMemo(() => (kwh: number) => f.number(kwh, 2), [f]);
  return <Chart title={c.slots.price} times={times} timeLabel={f.time} timeTitle={c.slots.start} series={energy} kind="steps" format={value} />;
}

export default function Slots() {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const slots = useResource("op slots", (signal) => operator.slots(shownSlots, signal), { live: true });
  return (
    <div className="stack">
      <h1>{c.nav.slots}</h1>
      <Shown of={slots} rows={4} empty={[(items) => items.length === 0, c.slots.empty]}>
        {(items) => (
          <>
            <Card>
              <Picture slots={items} />
            </Card>
            <Card>
              <Table
                label={c.nav.slots}
                rows={items}
                rowKey={(slot) => slot.start}
                onRow={(slot) => navigate(`/console/slots/${slot.start}`)}
                columns={[
                  { key: "start", title: c.slots.start, cell: (slot) => <Link to={`/console/slots/${slot.start}`}>{f.dateTime(slot.start)}</Link> },
                  {
                    key: "state",
                    title: c.slots.state,
                    cell: (slot) => (
                      <>
                        <Badge tone={slot.state === "final" ? "good" : "plain"}>{c.slots.states[slot.state]}</Badge> {slot.missing_meters > 0 && <Badge tone="warn">{t.state.missing(slot.missing_meters)}</Badge>}
                      </>
                    ),
                  },
                  { key: "price", title: c.slots.clearing, number: true, cell: (slot) => (slot.clearing_price === null ? t.state.none : f.number(slot.clearing_price)) },
                  { key: "traded", title: c.slots.traded, number: true, cell: (slot) => f.number(slot.traded_kwh, 3) },
                  { key: "imported", title: c.slots.imported, number: true, wide: true, cell: (slot) => f.number(slot.imported_kwh, 3) },
                  { key: "exported", title: c.slots.exported, number: true, wide: true, cell: (slot) => f.number(slot.exported_kwh, 3) },
                  { key: "from", title: c.slots.fromUtility, number: true, wide: true, cell: (slot) => f.number(slot.from_utility_kwh, 3) },
                  { key: "to", title: c.slots.toUtility, number: true, wide: true, cell: (slot) => f.number(slot.to_utility_kwh, 3) },
                  { key: "trades", title: c.slots.trades, number: true, wide: true, cell: (slot) => f.number(slot.trades) },
                  { key: "rule", title: c.slots.rule, wide: true, cell: (slot) => textOf(t.trading.rules, slot.rule) },
                ]}
              />
            </Card>
          </>
        )}
      </Shown>
    </div>
  );
}
