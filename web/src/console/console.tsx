import { lazy, Suspense, useEffect, useState, type FormEvent, type ReactNode } from "react";
import { ApiError, online, peers } from "../api/http";
import { apiKey, keyHeaders, operator, setApiKey } from "../api/operator";
import { useText } from "../i18n";
import { follow, liveState } from "../lib/live";
import { forgetAnswers, useAction } from "../lib/resource";
import { Link, matchPath, usePath } from "../lib/router";
import { useStore } from "../lib/store";
import { LanguageButton } from "../app/frame";
import { Button, Notice } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { PasswordField } from "../ui/form";
import { Icon, Logo, type IconName } from "../ui/icons";
import { ErrorNotice, Guard } from "../ui/state";
import { Toasts } from "../ui/toast";
import { useConsoleText } from "./i18n";
import { tellEvent } from "./events";
import { Overview } from "./overview";

const Participants = lazy(() => import("./participants"));
const ParticipantScreen = lazy(() => import("./participant"));
const Transactions = lazy(() => import("./transactions"));
const TransactionScreen = lazy(() => import("./transaction"));
const Create = lazy(() => import("./create"));
const Slots = lazy(() => import("./slots"));
const SlotScreen = lazy(() => import("./slot"));
const Flows = lazy(() => import("./flows"));
const Assets = lazy(() => import("./assets"));
const Meters = lazy(() => import("./meters"));
const Requests = lazy(() => import("./requests"));
const Blocks = lazy(() => import("./blocks"));
const BlockScreen = lazy(() => import("./block"));
const Chain = lazy(() => import("./chain"));
const Governance = lazy(() => import("./governance"));
const NetworkScreen = lazy(() => import("./network"));
const About = lazy(() => import("../app/about"));

type Parameters = Record<string, string>;
const pages: [string, (found: Parameters) => ReactNode][] = [
  ["/console", () => <Overview />],
  ["/console/participants", () => <Participants />],
  ["/console/participants/:ref", ({ ref }) => <ParticipantScreen participant={ref ?? ""} />],
  ["/console/transactions", () => <Transactions />],
  ["/console/transactions/:id", ({ id }) => <TransactionScreen id={id ?? ""} />],
  ["/console/new", () => <Create />],
  ["/console/slots", () => <Slots />],
  ["/console/slots/:start", ({ start }) => <SlotScreen start={start ?? ""} />],
  ["/console/flows", () => <Flows />],
  ["/console/network", () => <NetworkScreen />],
  ["/console/assets", () => <Assets />],
  ["/console/meters", () => <Meters />],
  ["/console/requests", () => <Requests />],
  ["/console/blocks", () => <Blocks />],
  ["/console/blocks/:height", ({ height }) => <BlockScreen height={Number(height)} />],
  ["/console/chain", () => <Chain />],
  ["/console/governance", () => <Governance />],
  ["/console/about", () => <About />],
];
const navigation = [
  ["/console", "overview", "overview"],
  ["/console/participants", "people", "participants"],
  ["/console/transactions", "list", "transactions"],
  ["/console/new", "plus", "create"],
  ["/console/slots", "slots", "slots"],
  ["/console/flows", "flows", "flows"],
  ["/console/network", "grid", "network"],
  ["/console/assets", "coins", "assets"],
  ["/console/meters", "meter", "meters"],
  ["/console/requests", "cash", "requests"],
  ["/console/blocks", "blocks", "blocks"],
  ["/console/chain", "rules", "chain"],
  ["/console/governance", "trading", "governance"],
  ["/console/about", "about", "about"],
] as const;

function KeyForm() {
  const t = useText();
  const c = useConsoleText();
  const [key, setKey] = useState("");
  const [tried, setTried] = useState(false);
  const open = useAction(async (given: string) => {
    await operator.tryKey(given);
    forgetAnswers();
    setApiKey(given);
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (key.trim()) void open.run(key.trim());
  };
  const bad = open.error instanceof ApiError && open.error.status === 401;
  return (
    <div className="narrow stack login">
      <div className="stack-small login-head">
        <Logo size={64} />
        <h1>{c.title}</h1>
        <p className="soft">{c.login.lead}</p>
      </div>
      <form className="card stack" onSubmit={submit} noValidate>
        <PasswordField label={c.login.key} value={key} onChange={setKey} autoComplete="off" wrong={tried && !key.trim() ? t.state.required : bad ? c.login.bad : null} show={t.login.show} hide={t.login.hide} />
        {open.error && !bad && <ErrorNotice error={open.error} />}
        <Button type="submit" look="primary" busy={open.busy}>
          {c.login.submit}
        </Button>
      </form>
      <p>
        <a href="/">{c.login.toApp}</a>
      </p>
    </div>
  );
}

function isHere(to: string, path: string): boolean {
  return to === "/console" ? path === to || path === "/console/" : path === to || path.startsWith(to + "/");
}

function Navigation({ path, onGo }: { path: string; onGo?: () => void }) {
  const c = useConsoleText();
  return (
    <ul>
      {navigation.map(([to, icon, name]) => (
        <li key={to}>
          <Link to={to} aria-current={isHere(to, path) ? "page" : undefined} onClick={onGo}>
            <Icon name={icon as IconName} />
            {c.nav[name]}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Content({ path }: { path: string }) {
  const t = useText();
  const plain = path.replace(/\/$/, "");
  for (const [pattern, page] of pages) {
    const found = matchPath(pattern, plain);
    if (!found) continue;
    return (
      <Guard key={plain} text={t.state.broken}>
        <Suspense fallback={<div className="skeleton" role="status" aria-label={t.state.loading} />}>{page(found)}</Suspense>
      </Guard>
    );
  }
  return <h1>{t.state.notFound}</h1>;
}

function Inside({ path }: { path: string }) {
  const t = useText();
  const c = useConsoleText();
  const state = useStore(liveState);
  const reachable = useStore(online);
  const [menu, setMenu] = useState(false);
  useEffect(() => follow({ peers, path: "/v1/events", headers: keyHeaders, onEvent: tellEvent }), []);
  return (
    <div className="shell console">
      <a className="skip" href="#content">
        {t.nav.skip}
      </a>
      <div className="topbar" role="banner">
        <Link to="/console" className="brand grow" aria-label={c.title}>
          <Logo /> <span className="brand-text">{c.title}</span>
        </Link>
        <span className="badge" role="status">
          <i className={state === "live" ? "dot live" : "dot"} /> {state === "live" ? t.state.live : t.state.lost}
        </span>
        <LanguageButton />
        <button type="button" className="icon-button" aria-label={c.login.leave} title={c.login.leave} onClick={() => setApiKey(null)}>
          <Icon name="logout" />
        </button>
      </div>
      <nav className="sidebar" aria-label={t.nav.main}>
        <Navigation path={path} />
      </nav>
      <main className="main" id="content" tabIndex={-1}>
        {!reachable && (
          <Notice tone="warn" live>
            {t.state.offline}
          </Notice>
        )}
        <Content path={path} />
        <Toasts />
      </main>
      <nav className="bottombar" aria-label={t.nav.main}>
        <ul>
          {navigation.slice(0, 4).map(([to, icon, name]) => (
            <li key={to}>
              <Link to={to} aria-current={isHere(to, path) ? "page" : undefined}>
                <Icon name={icon as IconName} />
                <span className="cut">{c.nav[name]}</span>
              </Link>
            </li>
          ))}
          <li>
            <button type="button" onClick={() => setMenu(true)}>
              <Icon name="more" />
              {t.nav.more}
            </button>
          </li>
        </ul>
      </nav>
      <Dialog title={t.nav.more} open={menu} onClose={() => setMenu(false)} closeLabel={t.state.close}>
        <div className="menu">
          <Navigation path={path} onGo={() => setMenu(false)} />
        </div>
      </Dialog>
    </div>
  );
}

export function Console() {
  const c = useConsoleText();
  const path = usePath();
  const key = useStore(apiKey);
  useEffect(() => {
    const heading = document.querySelector("main h1")?.textContent;
    document.title = heading ? `${heading} – ${c.title}` : c.title;
  });
  if (key) return <Inside path={path} />;
  return (
    <div className="shell plain">
      <div className="topbar" role="banner">
        <Link to="/console" className="brand grow" aria-label={c.title}>
          <Logo /> {c.title}
        </Link>
        <LanguageButton />
      </div>
      <main className="main" id="content">
        <KeyForm />
      </main>
    </div>
  );
}
