import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { start } from "./store/store";
import { App } from "./view/App";
import "./style/token.css";
import "./style/base.css";
import "./style/task.css";
import "./style/aside.css";
import "./style/drawer.css";

const root = document.getElementById("root");
if (root) {
  start();
  createRoot(root).render(<StrictMode><App /></StrictMode>);
}
