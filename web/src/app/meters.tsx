import { useState, type FormEvent } from "react";
import { household, type Dispute, type OwnMeter, type Reading } from "../api/household";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Badge, Button, Card, Tile, Tiles } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { SelectField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { Table } from "../ui/table";
import { say } from "../ui/toast";

const reasons = ["too_high", "too_low", "not_mine", "other"] as const;
const readingsShown = 96; // of 15 minutes: a day

function DisputeForm({ meter, reading, done }: { meter: string; reading: Reading; done(): void }) {
  const t = useText();
  const f = useFormat();
  const [reason, setReason] = useState<string>(reasons[0]);
  const send = useAction(async () => {
    await household.dispute(meter, reading.seq, reason);
    say(t.meters.sent);
    done();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send.run();
  };
  const energy = `${t.meters.imported} ${f.number(reading.imported_kwh, 3)}, ${t.meters.exported} ${f.number(reading.exported_kwh, 3)}`;
  return (
    <form className="stack" onSubmit={submit}>
      <p className="soft">{t.meters.disputeHelp(f.dateTime(reading.start), energy)}</p>
      <SelectField label={t.meters.reason} value={reason} options={reasons.map((each) => [each, t.meters.reasons[each]] as const)} onChange={setReason} />
      {send.error && <ErrorNotice error={send.error} />}
      <Button type="submit" look="primary" busy={send.busy}>
        {t.meters.send}
      </Button>
    </form>
  );
}

function Readings({ meter, disputes, changed }: { meter: OwnMeter; disputes: Dispute[]; changed(): void }) {
  const t = useText();
  const f = useFormat();
  const [chosen, setChosen] = useState<Reading | null>(null);
  const from = meter.last_end === null ? null : new Date(Date.parse(meter.last_end) - 86_400_000).toISOString();
  const readings = useResource(from === null ? null : `readings ${meter.meter} ${from}`, (signal) => household.readings(meter.meter, from ?? "", signal), { kept: false });
  const disputed = new Set(disputes.filter((each) => each.meter === meter.meter).map(({ seq }) => seq));
  if (from === null) return <p className="soft">{t.meters.noReadings}</p>;
  return (
    <Shown of={readings} rows={2} empty={[(items) => items.length === 0, t.meters.noReadings]}>
      {(items) => (
        <>
          <Table
            label={t.meters.readings}
            rows={[...items].reverse().slice(0, readingsShown)}
            rowKey={(reading) => `${reading.seq} ${reading.start}`}
            columns={[
              { key: "start", title: t.meters.from, cell: (reading) => f.dateTime(reading.start) },
              { key: "imported", title: t.meters.imported, number: true, cell: (reading) => f.number(reading.imported_kwh, 3) },
              { key: "exported", title: t.meters.exported, number: true, cell: (reading) => f.number(reading.exported_kwh, 3) },
              { key: "produced", title: t.meters.produced, number: true, wide: true, cell: (reading) => f.number(reading.produced_kwh, 3) },
              {
                key: "flags",
                title: "",
                cell: (reading) =>
                  disputed.has(reading.seq) ? (
                    <Badge tone="warn">{t.meters.disputed}</Badge>
                  ) : (
                    <span className="row">
                      <Button small look="quiet" aria-label={`${t.meters.dispute}: ${f.dateTime(reading.start)}`} onClick={() => setChosen(reading)}>
                        {t.meters.dispute}
                      </Button>
                      {reading.flags.map((flag) => (
                        <Badge key={flag}>{textOf(t.meters.flags, flag)}</Badge>
                      ))}
                    </span>
                  ),
              },
            ]}
          />
          <Dialog title={t.meters.disputeTitle} open={chosen !== null} onClose={() => setChosen(null)} closeLabel={t.state.close}>
            {chosen && (
              <DisputeForm
                meter={meter.meter}
                reading={chosen}
                done={() => {
                  setChosen(null);
                  changed();
                }}
              />
            )}
          </Dialog>
        </>
      )}
    </Shown>
  );
}

function MeterCard({ meter, disputes, changed }: { meter: OwnMeter; disputes: Dispute[]; changed(): void }) {
  const t = useText();
  const f = useFormat();
  const good = meter.standing === "trusted";
  const state = meter.retired !== null ? t.meters.retired : good ? t.meters.trusted : t.meters.quarantined;
  return (
    <Card title={meter.meter} actions={<Badge tone={meter.retired !== null ? "plain" : good ? "good" : "bad"}>{state}</Badge>}>
      <div className="stack">
        <Tiles>
          <Tile label={t.meters.lastEnd} value={meter.last_end === null ? t.state.none : f.dateTime(meter.last_end)} />
          {Number(meter.plant_kw) > 0 && <Tile label={t.meters.plant} value={`${f.number(meter.plant_kw)}\u00a0kW`} />}
          {meter.cpe && <Tile label={t.meters.cpe} value={meter.cpe} />}
        </Tiles>
        <details>
          <summary>{t.meters.readings}</summary>
          <Readings meter={meter} disputes={disputes} changed={changed} />
        </details>
      </div>
    </Card>
  );
}

export default function Meters() {
  const t = useText();
  const f = useFormat();
  const meters = useResource("meters", (signal) => household.meters(signal), { live: true, kept: true });
  const disputes = useResource("disputes", (signal) => household.disputes(signal), { live: true, kept: true });
  return (
    <div className="stack">
      <h1>{t.meters.title}</h1>
      <Shown of={meters} rows={2} empty={[(items) => items.length === 0, t.meters.none]}>
        {(items) => items.map((meter) => <MeterCard key={meter.meter} meter={meter} disputes={disputes.data ?? []} changed={disputes.reload} />)}
      </Shown>
      <Card title={t.meters.disputes}>
        <Shown of={disputes} empty={[(items) => items.length === 0, t.meters.noDisputes]}>
          {(items) => (
            <ul className="list">
              {items.map((each) => (
                <li key={`${each.meter} ${each.seq}`}>
                  <span className="grow">
                    {each.meter} · {t.meters.reading(f.number(each.seq))}
                    <span className="soft small" style={{ display: "block" }}>
                      {textOf(t.meters.reasons, each.reason)} · {f.dateTime(each.since)}
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </Card>
    </div>
  );
}
