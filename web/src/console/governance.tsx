// Changes of rules, tariffs and peers, with what they come to. Rules and peers need the administrator's
// key, which is no browser's business: the console writes the command for whoever holds it.
import { useState, type FormEvent } from "react";
import { peers } from "../api/http";
import { operator, refOf, type Participant } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useAction, useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Button, Card, Notice, Segmented, Tile, Tiles, WithCode } from "../ui/basic";
import { parseDecimal, SelectField, TextField } from "../ui/form";
import { ErrorNotice, Shown } from "../ui/state";
import { say } from "../ui/toast";
import { useConsoleText } from "./i18n";
import { changeable, choices, commandOf, isValue, quorumAt, readDuration, readShares, tariffEffect, type ChangeableName, type Kind } from "./proposals";

type Parameters = Record<string, string | number | boolean>;
const peerUrl = () => peers.now() || window.location.origin;

function Command({ what }: { what: string[] }) {
  const c = useConsoleText();
  const line = commandOf(what, peerUrl());
  return (
    <div className="stack-small">
      <p className="soft small">{c.governance.commandHelp}</p>
      <pre className="command" tabIndex={0} aria-label={c.governance.command}>
        {line}
      </pre>
      <div>
        <Button small onClick={() => void navigator.clipboard?.writeText(line).then(() => say(c.governance.copied))}>
          {c.governance.copy}
        </Button>
      </div>
    </div>
  );
}

/** A parameter's value as people read it. */
export function useParameterText(): (field: string, value: string | number | boolean) => string {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  return (field, value) => {
    if (field.endsWith("_ms")) return f.duration(Number(value) / 1000);
    if (field.endsWith("_time")) return f.exact(String(value));
    if (field === "clearing_rule") return textOf(t.trading.rules, String(value));
    if (field === "origin") return textOf(c.governance.onoff, String(value));
    if (field === "rewards") return textOf(c.governance.rewards, String(value));
    if (field === "plausibility" || field === "signed_readings_only") return textOf(c.governance.values, String(value));
    if (field.endsWith("_coins") || field.endsWith("_cash") || field === "feature_level") return f.number(value as string | number);
    return String(value);
  };
}

function ParameterChange({ parameters }: { parameters: Parameters }) {
  const c = useConsoleText();
  const t = useText();
  const f = useFormat();
  const shown = useParameterText();
  const [name, setName] = useState<ChangeableName>("close_grace");
  const [value, setValue] = useState("");
  const [, field, kind] = changeable.find(([each]) => each === name) ?? changeable[0];
  const options = choices[kind as Kind];
  const right = isValue(kind, value);
  const next = kind === "duration" ? f.duration((readDuration(value) ?? 0) / 1000) : shown(field, value.trim());
  const known = changeable.filter(([, each]) => each in parameters);
  return (
    <div className="stack">
      <SelectField
        label={c.chain.parameter}
        hint={c.governance.now(shown(field, parameters[field] ?? t.state.none))}
        value={name}
        options={known.map(([each, of]) => [each, textOf(c.chain.names, of)] as const)}
        onChange={(chosen) => {
          setName(chosen as ChangeableName);
          setValue("");
        }}
      />
      {options ? (
        <SelectField label={c.governance.newValue} value={value} empty={c.create.choose} options={options.map((each) => [each, shown(field, each)] as const)} onChange={setValue} />
      ) : (
        <TextField label={c.governance.newValue} hint={kind === "duration" ? c.governance.durationHint : undefined} value={value} onChange={setValue} autoComplete="off" wrong={value !== "" && !right ? c.governance.badValue : null} />
      )}
      {right && (
        <>
          <Notice live>
            <strong>{c.governance.preview}</strong>
            <p>{`${textOf(c.chain.names, field)}: ${shown(field, parameters[field] ?? t.state.none)} → ${next}`}</p>
            <p className="small">
              <WithCode text={textOf(c.governance.means, name)} />
            </p>
          </Notice>
          <Command what={["parameter", name, value.trim()]} />
        </>
      )}
    </div>
  );
}

const dayMs = 86_400_000;

function TariffChange({ utility, now }: { utility: Participant; now: string }) {
  const c = useConsoleText();
  const f = useFormat();
  const [tariff, setTariff] = useState(utility.tariff);
  const [feedIn, setFeedIn] = useState(utility.feed_in);
  const end = Math.floor(Date.parse(now) / 900_000) * 900_000;
  const trades = useResource(`op tariff ${refOf(utility)} ${end}`, (signal) =>
    operator.trades({ from: new Date(end - dayMs).toISOString(), to: new Date(end).toISOString(), venue: "utility" }, signal),
  );
  const plain = [parseDecimal(tariff), parseDecimal(feedIn)] as const;
  const right = plain.every((each) => each !== null && each >= 0);
  const effect = right && trades.data ? tariffEffect(trades.data, refOf(utility), plain[0] ?? 0, plain[1] ?? 0) : null;
  const change = useAction(async () => {
    await operator.transact({ type: "UpdateParticipant", participant: { ...utility, tariff: String(plain[0]), feed_in: String(plain[1]) } });
    say(c.governance.tariffDone);
    return true;
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (right) void change.run();
  };
  const wrong = (value: number | null) => (value === null || value < 0 ? c.participants.badRate : null);
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <div className="grid">
        <TextField label={c.participants.tariff} inputMode="decimal" value={tariff} onChange={setTariff} wrong={wrong(plain[0])} />
        <TextField label={c.participants.feedIn} inputMode="decimal" value={feedIn} onChange={setFeedIn} wrong={wrong(plain[1])} />
      </div>
      <Shown of={trades}>
        {() =>
          effect && (
            <Notice live>
              <strong>{c.governance.preview}</strong>
              <p className="small">{c.governance.tariffPreview}</p>
              <Tiles>
                <Tile label={c.governance.paid(f.kwh(effect.fromUtility))} value={`${f.number(effect.paidBefore, 2)} → ${f.number(effect.paidAfter, 2)}`} />
                <Tile label={c.governance.earned(f.kwh(effect.toUtility))} value={`${f.number(effect.earnedBefore, 2)} → ${f.number(effect.earnedAfter, 2)}`} />
                <Tile label={c.governance.difference} value={f.coins(effect.paidAfter - effect.paidBefore - (effect.earnedAfter - effect.earnedBefore))} />
              </Tiles>
            </Notice>
          )
        }
      </Shown>
      {change.error && <ErrorNotice error={change.error} />}
      <div>
        <Button type="submit" look="primary" busy={change.busy} disabled={!right}>
          {c.governance.tariffRun}
        </Button>
      </div>
    </form>
  );
}

function TariffChanges() {
  const c = useConsoleText();
  const [chosen, setChosen] = useState("");
  const participants = useResource("op participants only", (signal) => operator.participants(signal));
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal));
  return (
    <Shown of={participants} empty={[(items) => !items.some((each) => each.supplier), c.governance.noUtility]}>
      {(items) => {
        const suppliers = items.filter((each) => each.supplier);
        const utility = suppliers.find((each) => refOf(each) === chosen) ?? suppliers[0]!;
        const now = parameters.data?.island_time;
        return (
          <div className="stack">
            <SelectField label={c.participants.type.UtilityCompany} value={refOf(utility)} options={suppliers.map((each) => [refOf(each), each.id] as const)} onChange={setChosen} />
            {typeof now === "string" && <TariffChange key={refOf(utility)} utility={utility} now={now} />}
          </div>
        );
      }}
    </Shown>
  );
}

function MemberChange() {
  const c = useConsoleText();
  const f = useFormat();
  const members = useResource("op members", (signal) => operator.members(signal), { live: true });
  const [leaving, setLeaving] = useState("");
  return (
    <Shown of={members}>
      {({ current }) => {
        const before = quorumAt(current.members.length);
        const after = quorumAt(current.members.length + (leaving === "" ? 1 : -1));
        const both = (what: "members" | "quorum" | "faulty") => `${f.number(before[what])} → ${f.number(after[what])}`;
        return (
          <div className="stack">
            <SelectField label={c.governance.member} value={leaving} empty={c.governance.joins} options={current.members.map(({ peer }) => [peer, c.governance.leaves(peer)] as const)} onChange={setLeaving} />
            <Notice tone={after.members < 4 ? "bad" : after.faulty < before.faulty ? "warn" : "plain"} live>
              <strong>{c.governance.preview}</strong>
              <Tiles>
                <Tile label={c.chain.members} value={both("members")} />
                <Tile label={c.governance.quorum} value={both("quorum")} />
                <Tile label={c.governance.faulty} value={both("faulty")} />
              </Tiles>
              <p className="small">{after.members < 4 ? c.governance.tooFew : c.governance.nextEpoch}</p>
            </Notice>
            {after.members >= 4 && <Command what={leaving === "" ? ["add-member", "--member", "peer.keys"] : ["remove-member", "--id", leaving]} />}
          </div>
        );
      }}
    </Shown>
  );
}

/** Who gets which share of what neighbours feed in, from a slot on. */
function SharesChange({ now }: { now: string }) {
  const c = useConsoleText();
  const begin = new Date((Math.floor(Date.parse(now) / 3_600_000) + 2) * 3_600_000).toISOString().slice(0, 19) + "Z";
  const [from, setFrom] = useState(begin);
  const [text, setText] = useState("");
  const proposal = readShares(text, from);
  return (
    <div className="stack">
      <TextField label={c.governance.sharesFrom} value={from} onChange={setFrom} autoComplete="off" />
      <label className="stack-small">
        <span>{c.governance.sharesLines}</span>
        <textarea rows={6} value={text} onChange={(event) => setText(event.target.value)} placeholder={"Resident:home-01 0.25\nResident:home-02 0.5"} />
      </label>
      {text.trim() !== "" && proposal === null && <Notice tone="bad">{c.governance.sharesWrong}</Notice>}
      {proposal !== null && (
        <>
          <p className="soft small">{c.governance.sharesFile}</p>
          <pre className="command" tabIndex={0} aria-label="shares.json">
            {proposal}
          </pre>
          <Command what={["shares", "shares.json"]} />
        </>
      )}
    </div>
  );
}

type What = "parameter" | "tariff" | "shares" | "members";

export default function Governance() {
  const c = useConsoleText();
  const [what, setWhat] = useState<What>("parameter");
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal), { live: true });
  return (
    <div className="stack">
      <h1>{c.nav.governance}</h1>
      <p className="soft">{c.governance.lead}</p>
      <Segmented
        label={c.governance.what}
        value={what}
        options={[
          ["parameter", c.governance.kinds.parameter],
          ["tariff", c.governance.kinds.tariff],
          ["shares", c.governance.kinds.shares],
          ["members", c.governance.kinds.members],
        ]}
        onChange={setWhat}
      />
      <Card title={c.governance.kinds[what]}>
        {what === "parameter" && <Shown of={parameters}>{(data) => <ParameterChange parameters={data as Parameters} />}</Shown>}
        {what === "tariff" && <TariffChanges />}
        {what === "shares" && <Shown of={parameters}>{(data) => <SharesChange now={String((data as Parameters).island_time)} />}</Shown>}
        {what === "members" && <MemberChange />}
      </Card>
    </div>
  );
}
