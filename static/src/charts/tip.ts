// The tooltip is built of elements: markup with style attributes is refused by the page's policy.

import { formatPlace, formatValue } from "./data";
import type { ChartData } from "./data";

interface Point {
  dataIndex: number;
}

function element(className: string, text = ""): HTMLElement {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = text;
  return node;
}

export function buildTip(points: unknown, data: ChartData): HTMLElement {
  const index = (points as Point[])[0]?.dataIndex ?? 0;
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  const isOver = !data.isUnfinished || index < data.x.length - 1;
  tip.append(element("chart-tip-title", `${formatPlace(data.x[index] ?? "", true)}${isOver ? "" : ", so far"}`));
  data.series.forEach((series, place) => {
    if (series.role === "target") return; // its name says its value
    const row = element("chart-tip-row");
    const dot = element("chart-tip-dot");
    const isMain = !series.role || series.role === "current";
    dot.dataset["series"] = isMain ? String((place % 6) + 1) : series.role;
    const value = formatValue(series.values[index] ?? null, data);
    row.append(dot, element("", series.name), element("", value));
    tip.append(row);
  });
  return tip;
}
