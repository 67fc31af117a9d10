import { operator } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { useFormat } from "../lib/settings";
import { Badge, Card, Notice, WithCode } from "../ui/basic";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { quorumOf } from "../verify/proof";
import { useParameterText } from "./governance";
import { useConsoleText } from "./i18n";

export default function Chain() {
  const { chain: h, nav, overview } = useConsoleText();
  const f = useFormat();
  const members = useResource("op members", (signal) => operator.members(signal), { live: true });
  const parameters = useResource("op parameters", (signal) => operator.parameters(signal), { live: true });
  const shown = useParameterText();
  return (
    <div className="stack">
      <h1>{nav.chain}</h1>
      <Notice>
        <WithCode text={h.offline} />
      </Notice>
      <div className="grid wide">
        <Card title={h.members} actions={members.data && <Badge>{h.epoch(f.number(members.data.current.epoch))}</Badge>}>
          <Shown of={members} rows={2}>
            {({ current, pending }) => (
              <div className="stack-small">
                {pending !== null && <Notice tone="warn">{h.pending}</Notice>}
                <p className="soft">
                  {h.quorum(f.number(quorumOf(current.members.length)), f.number(Math.floor((current.members.length - 1) / 3)))} {h.features}: {current.feature_level}
                </p>
                <Table
                  label={h.members}
                  rows={current.members}
                  rowKey={(member) => member.peer}
                  columns={[
                    { key: "peer", title: overview.peer, cell: (member) => member.peer },
                    { key: "key", title: h.consensusKey, cell: (member) => <span className="mono">{member.consensus_key}</span> },
                  ]}
                />
              </div>
            )}
          </Shown>
        </Card>
        <Card title={h.parameters}>
          <Shown of={parameters} rows={3}>
            {(data) => (
              <Table
                label={h.parameters}
                rows={Object.entries(data).filter(([, value]) => typeof value !== "object")}
                rowKey={([name]) => name}
                columns={[
                  { key: "name", title: h.parameter, cell: ([name]) => textOf(h.names, name) },
                  { key: "value", title: h.value, cell: ([name, value]) => shown(name, value) },
                ]}
              />
            )}
          </Shown>
        </Card>
        <Certificates />
      </div>
    </div>
  );
}

/** Certificates of origin of the whole chain; nothing where it has none. */
function Certificates() {
  const { origin: o } = useConsoleText();
  const t = useText();
  const f = useFormat();
  const origin = useResource("op origin", (signal) => operator.origin(signal), { live: true });
  if (!origin.data?.on) return null;
  return (
    <Card title={o.title} actions={<Badge tone={origin.data.conserved ? "good" : "bad"}>{origin.data.conserved ? o.conserved : o.broken}</Badge>}>
      <Shown of={origin}>
        {({ sources }) => (
          <Table
            label={o.title}
            rows={sources}
            rowKey={({ source }) => source}
            columns={[
              { key: "source", title: t.origin.source, cell: ({ source }) => textOf(t.origin.sources, source) },
              { key: "issued", title: o.issued, number: true, cell: (each) => f.kwh(each.issued_kwh) },
              { key: "held", title: o.held, number: true, cell: (each) => f.kwh(each.held_kwh) },
              { key: "claimed", title: o.claimed, number: true, cell: (each) => f.kwh(each.claimed_kwh) },
              { key: "expired", title: o.expired, number: true, cell: (each) => f.kwh(each.expired_kwh) },
            ]}
          />
        )}
      </Shown>
    </Card>
  );
}
