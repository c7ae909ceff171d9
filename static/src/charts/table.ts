// The same figures as a table: for screen readers, for copying, for checking.

import { formatPlace, formatValue } from "./data";
import type { ChartData } from "./data";

function cell(tag: "td" | "th", text: string, isNumber: boolean): HTMLTableCellElement {
  const node = document.createElement(tag);
  node.textContent = text;
  if (isNumber) node.className = "number";
  return node;
}

export function buildTable(data: ChartData): HTMLTableElement {
  const table = document.createElement("table");
  table.className = "table";
  const head = table.createTHead().insertRow();
  head.append(cell("th", data.axis ?? "Date", false));
  for (const series of data.series) head.append(cell("th", series.name, true));
  for (const header of head.cells) header.scope = "col";
  const body = table.createTBody();
  data.x.forEach((place, index) => {
    const row = body.insertRow();
    const isOver = !data.isUnfinished || index < data.x.length - 1;
    row.append(cell("td", `${formatPlace(place, true)}${isOver ? "" : ", so far"}`, false));
    for (const series of data.series) {
      row.append(cell("td", formatValue(series.values[index] ?? null, data), true));
    }
  });
  return table;
}
