import { useMemo, useState, type FormEvent } from "react";
import { idOf, operator, refOf, type Meter } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { useStore } from "../lib/store";
import { Badge, Button, Card } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { parseDecimal, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { Table } from "../ui/table";
import { say } from "../ui/toast";
import { told } from "./events";
import { useConsoleText } from "./i18n";
import { useParticipants } from "./participants";

const lateSlots = 2; // a slot under way and one more

function MeterState({ meter, now, slotMs }: { meter: Meter; now: number; slotMs: number }) {
  const { meters: m } = useConsoleText();
  const f = useFormat();
  if (meter.retired) return <Badge>{m.retired}</Badge>;
  if (meter.standing === "quarantined") return <Badge tone="bad">{m.quarantined}</Badge>;
  if (!meter.last_end) return <Badge tone="warn">{m.never}</Badge>;
  const silent = now - Date.parse(meter.last_end);
  return silent > lateSlots * slotMs ? <Badge tone="warn">{m.late(f.duration(silent / 1000))}</Badge> : <Badge tone="good">{m.fine}</Badge>;
}

function Standing({ meter, done }: { meter: Meter; done(): void }) {
  const t = useText();
  const { meters: m } = useConsoleText();
  const [asking, setAsking] = useState(false);
  const isOut = meter.standing === "quarantined";
  const change = useAction(async () => {
    await operator.setStanding(meter.meter, isOut ? "trusted" : "quarantined");
    say(isOut ? m.doneTrust(meter.meter) : m.doneQuarantine(meter.meter));
    setAsking(false);
    done();
  });
  if (meter.retired || meter.standing === undefined) return null;
  if (isOut) {
    return (
      <>
        <Button small busy={change.busy} onClick={() => void change.run()}>
          {m.trust}
        </Button>
        {change.error && <ErrorNotice error={change.error} />}
      </>
    );
  }
  return (
    <>
      <Button small look="danger" onClick={() => setAsking(true)} aria-label={`${m.quarantine} ${meter.meter}`}>
        {m.quarantine}
      </Button>
      <Dialog title={m.quarantineTitle(meter.meter)} open={asking} onClose={() => setAsking(false)} closeLabel={t.state.close}>
        <p>{m.quarantineHelp}</p>
        {change.error && <ErrorNotice error={change.error} />}
        <div className="row end">
          <Button onClick={() => setAsking(false)}>{t.state.cancel}</Button>
          <Button look="danger" busy={change.busy} onClick={() => void change.run()}>
            {m.quarantine}
          </Button>
        </div>
      </Dialog>
    </>
  );
}

function MeterForm({ done }: { done(): void }) {
  const t = useText();
  const c = useConsoleText();
  const { meters: m } = c;
  const [form, setForm] = useState({ meter: "", owner: "", kind: "home", key: "", plant: "0" });
  const [tried, setTried] = useState(false);
  const all = useParticipants();
  const plant = parseDecimal(form.plant);
  const wrong = {
    meter: /^[A-Za-z0-9_.:-]{1,64}$/.test(form.meter) ? null : m.badId,
    owner: form.owner ? null : t.state.required,
    key: form.key === "" || /^[0-9a-fA-F]{64}$/.test(form.key.trim()) ? null : m.badKey,
    plant: plant !== null && plant >= 0 ? null : c.participants.badAmount,
  };
  const add = useAction(async () => {
    await operator.addMeter({ meter: form.meter, owner: form.owner, kind: form.kind, public_key: form.key.trim() || null, plant_kw: String(plant ?? 0) });
    say(m.added(form.meter));
    done();
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.values(wrong).every((each) => each === null)) void add.run();
  };
  const owners = (all.data ?? []).filter(({ participant }) => participant.type !== "Bank").map(({ participant }) => [refOf(participant), participant.id] as const);
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <TextField label={m.meter} value={form.meter} wrong={tried ? wrong.meter : null} onChange={(meter) => setForm({ ...form, meter })} />
      <SelectField label={m.owner} value={form.owner} empty={c.create.choose} options={owners} wrong={tried ? wrong.owner : null} onChange={(owner) => setForm({ ...form, owner })} />
      <SelectField label={m.kind} value={form.kind} options={Object.entries(m.kinds)} onChange={(kind) => setForm({ ...form, kind })} />
      <TextField label={m.plant} inputMode="decimal" value={form.plant} wrong={tried ? wrong.plant : null} onChange={(next) => setForm({ ...form, plant: next })} />
      <TextField label={m.key} value={form.key} spellCheck={false} wrong={tried ? wrong.key : null} onChange={(key) => setForm({ ...form, key })} />
      {add.error && <ErrorNotice error={add.error} />}
      <Button type="submit" look="primary" busy={add.busy}>
        {m.add}
      </Button>
    </form>
  );
}

function Alarms() {
  const { meters: m } = useConsoleText();
  const f = useFormat();
  const events = useStore(told);
  const alarms = useMemo(() => events.filter(({ type }) => type === "alarm"), [events]);
  return (
    <Card title={m.events}>
      {alarms.length === 0 && <p className="soft">{m.noEvents}</p>}
      <ul className="list">
        {alarms.map((alarm) => (
          <li key={alarm.id}>
            <span>{Object.entries(alarm.data).map(([name, value]) => `${name}: ${String(value)}`).join(" · ")}</span>
            <span className="soft small">{f.time(new Date(alarm.at).toISOString())}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

export default function Meters() {
  const t = useText();
  const { meters: m, nav } = useConsoleText();
  const f = useFormat();
  const [adding, setAdding] = useState(false);
  const meters = useResource("op meters", (signal) => operator.meters(signal), { live: true });
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal), { live: true });
  const now = Date.parse(String(parameters.data?.island_time ?? ""));
  const slotMs = Number(parameters.data?.slot_ms ?? 900_000);
  return (
    <div className="stack">
      <div className="page-head">
        <h1>{nav.meters}</h1>
        <Button look="primary" onClick={() => setAdding(true)}>
          {m.add}
        </Button>
      </div>
      <Card>
        <Shown of={meters} rows={4} empty={[(items) => items.length === 0, m.empty]}>
          {(items) => (
            <Table
              label={nav.meters}
              rows={items}
              rowKey={(meter) => meter.meter}
              first={{ key: "meter", down: false }}
              columns={[
                { key: "meter", title: m.meter, by: (meter) => meter.meter, cell: (meter) => meter.meter },
                { key: "owner", title: m.owner, by: (meter) => meter.owner, cell: (meter) => <Link to={`/console/participants/${encodeURIComponent(meter.owner)}`}>{idOf(meter.owner)}</Link> },
                { key: "state", title: m.state, cell: (meter) => <MeterState meter={meter} now={now} slotMs={slotMs} /> },
                { key: "kind", title: m.kind, wide: true, by: (meter) => meter.kind, cell: (meter) => textOf(m.kinds, meter.kind) },
                { key: "plant", title: m.plant, number: true, wide: true, by: (meter) => Number(meter.plant_kw), cell: (meter) => f.number(meter.plant_kw) },
                { key: "last", title: m.last, by: (meter) => meter.last_end ?? "", cell: (meter) => (meter.last_end ? f.dateTime(meter.last_end) : t.state.none) },
                { key: "through", title: m.through, number: true, wide: true, cell: (meter) => f.number(meter.in_ledger_through) },
                { key: "standing", title: "", cell: (meter) => <Standing meter={meter} done={meters.reload} /> },
              ]}
            />
          )}
        </Shown>
      </Card>
      <Alarms />
      <Dialog title={m.add} open={adding} onClose={() => setAdding(false)} closeLabel={t.state.close}>
        <MeterForm
          done={() => {
            setAdding(false);
            meters.reload();
          }}
        />
      </Dialog>
    </div>
  );
}
