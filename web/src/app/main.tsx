import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/controls.css";
import "../styles/chart.css";
import "../styles/shell.css";
import "./app.css";
import { peers } from "../api/http";
import { installServiceWorker } from "../lib/install";
import { App } from "./app";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
installServiceWorker();
peers.learn().catch(() => undefined); // then this page knows the one peer that it came from
