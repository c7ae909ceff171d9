import "./styles/main.css";

import htmx from "htmx.org";

import { startDialogs } from "./behaviours/dialogs";
import { startForms } from "./behaviours/forms";
import { startMenus } from "./behaviours/menus";
import { startPalette } from "./behaviours/palette";
import { startSelection } from "./behaviours/selection";
import { startSidebar } from "./behaviours/sidebar";
import { startTheme } from "./behaviours/theme";
import { startTimes } from "./behaviours/times";
import { startToasts } from "./behaviours/toasts";
import { startCopies } from "./behaviours/copies";
import { startParts } from "./behaviours/parts";
import { startPreviews } from "./behaviours/previews";
import { startOrigins } from "./behaviours/origins";
import { startPasskeys } from "./behaviours/passkeys";

htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;
htmx.config.refreshOnHistoryMiss = true;
htmx.config.scrollIntoViewOnBoost = false;
htmx.config.defaultSettleDelay = 0;

startTheme();
startSidebar();
startMenus();
startDialogs();
startForms();
startTimes();
startToasts();
startCopies();
startParts();
startSelection();
startPreviews();
startPalette();
startOrigins();
startPasskeys();

async function startCharts(root: ParentNode): Promise<void> {
  const holders = root.querySelectorAll<HTMLElement>("[data-chart]");
  if (holders.length === 0) return;
  const { renderCharts } = await import("./charts");
  renderCharts(holders);
}

void startCharts(document);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target instanceof HTMLElement) void startCharts(event.target);
});
