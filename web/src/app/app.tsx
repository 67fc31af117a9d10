import { lazy, Suspense, useEffect, type ReactNode } from "react";
import { session } from "../api/session";
import { useText } from "../i18n";
import { Link, matchPath, usePath } from "../lib/router";
import { useStore } from "../lib/store";
import { Guard } from "../ui/state";
import { Toasts } from "../ui/toast";
import { HomeScreen } from "./home";
import { LoginScreen } from "./login";
import { Frame, PlainFrame } from "./frame";

const About = lazy(() => import("./about"));
const Welcome = lazy(() => import("./welcome"));
const HistoryScreen = lazy(() => import("./history"));
const Trading = lazy(() => import("./trading"));
const WalletScreen = lazy(() => import("./wallet"));
const Neighbourhood = lazy(() => import("./neighbourhood"));
const RankingScreen = lazy(() => import("./ranking"));
const BillScreen = lazy(() => import("./bill"));
const BillWhy = lazy(() => import("./bill-why"));
const SlotWhy = lazy(() => import("./slot-why"));
const Meters = lazy(() => import("./meters"));
const Keys = lazy(() => import("./keys"));
const Notifications = lazy(() => import("./notifications"));
const Settings = lazy(() => import("./settings"));

const pages: [string, () => ReactNode][] = [
  ["/", () => <HomeScreen />],
  ["/history", () => <HistoryScreen />],
  ["/trading", () => <Trading />],
  ["/wallet", () => <WalletScreen />],
  ["/neighbourhood", () => <Neighbourhood />],
  ["/ranking", () => <RankingScreen />],
  ["/bill", () => <BillScreen />],
  ["/bill/why", () => <BillWhy />],
  ["/bill/slot", () => <SlotWhy />],
  ["/meters", () => <Meters />],
  ["/keys", () => <Keys />],
  ["/notifications", () => <Notifications />],
  ["/settings", () => <Settings />],
];

function NotFound() {
  const t = useText();
  return (
    <div className="stack">
      <h1>{t.state.notFound}</h1>
      <Link to="/">{t.state.toHome}</Link>
    </div>
  );
}

function Content({ path }: { path: string }) {
  const t = useText();
  const page = pages.find(([pattern]) => matchPath(pattern, path));
  return (
    <Guard key={path} text={t.state.broken}>
      <Suspense fallback={<div className="skeleton" role="status" aria-label={t.state.loading} />}>{page ? page[1]() : <NotFound />}</Suspense>
    </Guard>
  );
}

export function App() {
  const t = useText();
  const path = usePath();
  const current = useStore(session);
  useEffect(() => {
    // A screen reader hears of the new page by its heading.
    const heading = document.querySelector<HTMLElement>("main h1");
    document.title = heading ? `${heading.textContent} – ${t.appName}` : t.appName;
  });
  if (path === "/about" || path === "/welcome") {
    return (
      <PlainFrame>
        <Suspense fallback={<div className="skeleton" />}>{path === "/about" ? <About /> : <Welcome />}</Suspense>
        <Toasts />
      </PlainFrame>
    );
  }
  if (!current) {
    return (
      <PlainFrame>
        <LoginScreen />
        <Toasts />
      </PlainFrame>
    );
  }
  return (
    <Frame path={path}>
      <Content path={path} />
      <Toasts />
    </Frame>
  );
}
