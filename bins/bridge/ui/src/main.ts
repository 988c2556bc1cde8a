// The connection first: while it opens and the snapshot comes, the page itself is read.

import { start } from "./store/store";
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./style/token.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/part.css";
import "./style/control.css";
import "./style/board.css";
import "./style/list.css";
import "./style/timeline.css";
import "./style/graph.css";
import "./style/session.css";
import "./style/dialog.css";
import "./style/task.css";
import "./style/phone.css";

start();
void import("./page");
