// What stands around every screen: the bar at the top, the navigation, and the live connection.
import { useEffect, useState, type ReactNode } from "react";
import { household } from "../api/household";
import { online, peers } from "../api/http";
import { bearer, logOut } from "../api/session";
import { useText } from "../i18n";
import { follow, liveState } from "../lib/live";
import { useResource } from "../lib/resource";
import { Link } from "../lib/router";
import { language, setZone } from "../lib/settings";
import { readKept } from "../lib/storage";
import { useStore } from "../lib/store";
import { Notice } from "../ui/basic";
import { Dialog } from "../ui/dialog";
import { Icon, Logo, type IconName } from "../ui/icons";

const first = [
  ["/", "home", "home"],
  ["/history", "history", "history"],
  ["/trading", "trading", "trading"],
  ["/wallet", "wallet", "wallet"],
] as const;
const others = [
  ["/neighbourhood", "neighbourhood", "neighbourhood"],
  ["/ranking", "ranking", "ranking"],
  ["/bill", "bill", "bill"],
  ["/meters", "meter", "meters"],
  ["/keys", "keys", "keys"],
  ["/settings", "settings", "settings"],
  ["/about", "about", "about"],
] as const;

export function LanguageButton() {
  const t = useText();
  const spoken = useStore(language);
  const other = spoken === "pt" ? "en" : "pt";
  return (
    <button type="button" className="icon-button" lang={other} onClick={() => language.set(other)} aria-label={t.language[other]}>
      {other.toUpperCase()}
    </button>
  );
}

function Item({ to, icon, text, path, onClick }: { to: string; icon: IconName; text: string; path: string; onClick?: () => void }) {
  return (
    <Link to={to} aria-current={to === path ? "page" : undefined} onClick={onClick}>
      <Icon name={icon} />
      {text}
    </Link>
  );
}

function LiveBadge() {
  const t = useText();
  const state = useStore(liveState);
  const text = state === "live" ? t.state.live : t.state.lost;
  return (
    <span className="badge" role="status">
      <i className={state === "live" ? "dot live" : "dot"} /> {text}
    </span>
  );
}

/** The newest notification that was looked at in this browser. */
export const lastRead = () => readKept<string>("read") ?? undefined;

function Bell({ path }: { path: string }) {
  const t = useText();
  const since = lastRead() ?? "0.0";
  const news = useResource("unread " + since, (signal) => household.notifications(since, undefined, signal), { live: true });
  const count = path === "/notifications" ? 0 : (news.data?.unread ?? 0);
  return (
    <Link to="/notifications" className="icon-button" aria-label={count > 0 ? t.notifications.unread(count) : t.nav.notifications}>
      <Icon name="bell" />
      {count > 0 && (
        <span className="count" aria-hidden="true">
          {count > 99 ? "99+" : count}
        </span>
      )}
    </Link>
  );
}

function useLive(): void {
  useEffect(() => follow({ peers, path: "/etms/events", headers: bearer }), []);
  const criteria = useResource("criteria", (signal) => household.criteria(signal), { kept: true });
  const name = criteria.data?.effect.zone;
  useEffect(() => {
    if (name) setZone(name);
  }, [name]);
}

export function Frame({ path, children }: { path: string; children: ReactNode }) {
  const t = useText();
  const reachable = useStore(online);
  const [more, setMore] = useState(false);
  useLive();
  return (
    <div className="shell">
      <a className="skip" href="#content">
        {t.nav.skip}
      </a>
      <div className="topbar" role="banner">
        <Link to="/" className="brand grow">
          <Logo /> {t.appName}
        </Link>
        <LiveBadge />
        <LanguageButton />
        <Bell path={path} />
      </div>
      <nav className="sidebar" aria-label={t.nav.main}>
        <ul>
          {[...first, ...others].map(([to, icon, name]) => (
            <li key={to}>
              <Item to={to} icon={icon} text={t.nav[name]} path={path} />
            </li>
          ))}
        </ul>
      </nav>
      <main className="main" id="content" tabIndex={-1}>
        {!reachable && (
          <div style={{ marginBottom: "1rem" }}>
            <Notice tone="warn" live>
              {t.state.offline}
            </Notice>
          </div>
        )}
        {children}
      </main>
      <nav className="bottombar" aria-label={t.nav.main}>
        <ul>
          {first.map(([to, icon, name]) => (
            <li key={to}>
              <Item to={to} icon={icon} text={t.nav[name]} path={path} />
            </li>
          ))}
          <li>
            <button type="button" onClick={() => setMore(true)} aria-current={others.some(([to]) => to === path) ? "true" : undefined}>
              <Icon name="more" />
              {t.nav.more}
            </button>
          </li>
        </ul>
      </nav>
      <Dialog title={t.nav.more} open={more} onClose={() => setMore(false)} closeLabel={t.state.close}>
        <ul className="menu">
          {others.map(([to, icon, name]) => (
            <li key={to}>
              <Item to={to} icon={icon} text={t.nav[name]} path={path} onClick={() => setMore(false)} />
            </li>
          ))}
          <li>
            <button type="button" onClick={() => void logOut()}>
              <Icon name="logout" />
              {t.login.logout}
            </button>
          </li>
        </ul>
      </Dialog>
    </div>
  );
}

export function PlainFrame({ children }: { children: ReactNode }) {
  const t = useText();
  return (
    <div className="shell plain">
      <div className="topbar" role="banner">
        <Link to="/" className="brand grow">
          <Logo /> {t.appName}
        </Link>
        <LanguageButton />
      </div>
      <main className="main" id="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
