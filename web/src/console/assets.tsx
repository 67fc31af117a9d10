import { useState } from "react";
import { idOf, operator, type Account } from "../api/operator";
import { textOf, useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { useFormat } from "../lib/settings";
import { Card, Notice } from "../ui/basic";
import { SelectField, TextField } from "../ui/form";
import { Shown } from "../ui/state";
import { Table } from "../ui/table";
import { useConsoleText } from "./i18n";

export default function Assets() {
  const t = useText();
  const c = useConsoleText();
  const f = useFormat();
  const [asset, setAsset] = useState("");
  const [search, setSearch] = useState("");
  const accounts = useResource("op accounts", (signal) => operator.accounts(signal), { live: true });
  const wanted = search.trim().toLowerCase();
  const isShown = (account: Account) => (!asset || account.asset === asset) && `${account.owner ?? ""} ${account.id} ${textOf(c.assets.classes, account.class)}`.toLowerCase().includes(wanted);
  const balance = (account: Account) => (account.asset === "EN" ? f.kwh(account.balance, 6) : account.currency ? f.cash(account.balance, account.currency) : f.coins(account.balance, 6));
  const shown = (accounts.data ?? []).filter(isShown);
  return (
    <div className="stack">
      <h1>{c.nav.assets}</h1>
      <p className="soft">{c.assets.lead}</p>
      <div className="grid">
        <TextField label={c.participants.search} type="search" value={search} onChange={setSearch} />
        <SelectField label={c.assets.asset} value={asset} empty={c.assets.allAssets} options={Object.entries(c.assets.names)} onChange={setAsset} />
      </div>
      <Card>
        <Shown of={accounts} rows={4} empty={[(items) => items.length === 0, c.assets.empty]}>
          {() =>
            shown.length === 0 ? (
              <Notice>{c.participants.noMatch}</Notice>
            ) : (
              <Table
                label={c.nav.assets}
                rows={shown}
                rowKey={(account) => account.id}
                sortText={c.participants.sort}
                columns={[
                  {
                    key: "owner",
                    title: c.assets.owner,
                    by: (account) => account.owner ?? "",
                    cell: (account) => (account.owner ? <Link to={`/console/participants/${encodeURIComponent(account.owner)}`}>{idOf(account.owner)}</Link> : t.state.none),
                  },
                  { key: "asset", title: c.assets.asset, by: (account) => account.asset, cell: (account) => textOf(c.assets.names, account.asset) },
                  { key: "balance", title: c.assets.balance, number: true, by: (account) => Number(account.balance), cell: balance },
                  { key: "class", title: c.assets.class, by: (account) => account.class, cell: (account) => textOf(c.assets.classes, account.class) },
                  { key: "account", title: c.assets.account, wide: true, by: (account) => account.id, cell: (account) => <span className="mono">{account.id}</span> },
                ]}
              />
            )
          }
        </Shown>
      </Card>
    </div>
  );
}
