import { peers, request } from "../api/http";
import { useText } from "../i18n";
import { useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { Card } from "../ui/basic";
import { WhoTradesDiagram } from "../ui/who-trades";

export default function About() {
  const t = useText();
  const status = useResource("status", (signal) => request<{ peer: string; chain: string }>(peers, "GET", "/v1/status", { signal }));
  const names = t.about.names;
  return (
    <div className="stack about">
      <h1>{t.about.title}</h1>
      <Card>
        <div className="stack-small">
          {t.about.lead.map((text) => (
            <p key={text}>{text}</p>
          ))}
        </div>
      </Card>
      <div className="grid wide">
        <Card title={t.about.diagram}>
          <WhoTradesDiagram
            texts={{ title: t.about.diagram, description: t.about.diagramText, names, energy: t.about.energy, coins: t.about.coins, cash: t.about.cash }}
          />
        </Card>
        <Card title={t.about.who}>
          <ul className="stack-small">
            {Object.values(t.about.participants).map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          <p style={{ marginTop: "0.75rem" }}>{t.about.assets}</p>
        </Card>
      </div>
      {status.data && <p className="soft">{t.about.peer(status.data.peer, status.data.chain)}</p>}
      <p className="row">
        <Link className="button primary" to="/">
          {t.about.toApp}
        </Link>
        <a className="button" href="/console">
          {t.about.operator}
        </a>
        <a className="button quiet" href="/explorer/v1">
          {t.about.api}
        </a>
      </p>
    </div>
  );
}
