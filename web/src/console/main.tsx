import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/controls.css";
import "../styles/chart.css";
import "../styles/shell.css";
import "../app/app.css";
import "./console.css";
import { peers } from "../api/http";
import { installServiceWorker } from "../lib/install";
import { Console } from "./console";

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Console />
  </StrictMode>,
);
installServiceWorker();
peers.learn().catch(() => undefined);
