// Charts: each holder names the address of its figures; ECharts is loaded with the first of them.

import { BarChart, LineChart, SankeyChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import type { EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

import { readColours } from "./charts/colours";
import type { ChartData } from "./charts/data";
import { buildOption } from "./charts/options";
import { buildTable } from "./charts/table";

use([BarChart, LineChart, SankeyChart, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

interface Shown {
  canvas: HTMLElement;
  chart: EChartsType;
  data: ChartData;
}

const shown = new Map<HTMLElement, Shown>();

async function readData(holder: HTMLElement): Promise<ChartData> {
  const inline = document.getElementById(holder.dataset["chartData"] ?? "");
  if (inline?.textContent) return JSON.parse(inline.textContent) as ChartData;
  const answer = await fetch(holder.dataset["chartUrl"] ?? "", {
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return (await answer.json()) as ChartData;
}

function isEmpty(data: ChartData): boolean {
  return data.series.every((series) => series.values.every((value) => !value));
}

function showNote(canvas: HTMLElement, text: string): void {
  const note = document.createElement("p");
  note.className = "chart-note";
  note.textContent = text;
  canvas.replaceChildren(note);
}

function draw(holder: HTMLElement, canvas: HTMLElement, data: ChartData): void {
  if (isEmpty(data)) {
    showNote(canvas, "Nothing happened in this period.");
    return;
  }
  canvas.replaceChildren();
  canvas.setAttribute("role", "img");
  const chart = init(canvas);
  chart.setOption(buildOption(data, readColours(), canvas.clientWidth, canvas.clientHeight));
  shown.set(holder, { canvas, chart, data });
}

async function renderChart(holder: HTMLElement): Promise<void> {
  if (holder.dataset["chartState"]) return;
  holder.dataset["chartState"] = "loading";
  const canvas = holder.querySelector<HTMLElement>(".chart-canvas");
  if (!canvas) return;
  try {
    const data = await readData(holder);
    draw(holder, canvas, data);
    holder.querySelector(".chart-table")?.replaceChildren(buildTable(data));
    holder.dataset["chartState"] = "ready";
  } catch {
    showNote(canvas, "The figures could not be loaded. Reload the page to try again.");
    holder.dataset["chartState"] = "failed";
  }
}

function redraw(): void {
  const colours = readColours();
  for (const [holder, { canvas, chart, data }] of shown) {
    if (!holder.isConnected) {
      chart.dispose();
      shown.delete(holder);
      continue;
    }
    if (!canvas.clientWidth || !canvas.clientHeight) continue; // nothing fits into what is hidden
    chart.resize();
    chart.setOption(buildOption(data, colours, canvas.clientWidth, canvas.clientHeight), { notMerge: true });
  }
}

function toggleTable(button: HTMLElement): void {
  const holder = button.closest<HTMLElement>("[data-chart]");
  const table = holder?.querySelector<HTMLElement>(".chart-table");
  const canvas = holder?.querySelector<HTMLElement>(".chart-canvas");
  if (!table || !canvas) return;
  table.hidden = !table.hidden;
  canvas.hidden = !table.hidden;
  button.setAttribute("aria-pressed", String(!table.hidden));
  redraw();
}

/** Draw every chart that is not drawn yet. */
export function renderCharts(holders: Iterable<HTMLElement>): void {
  for (const holder of holders) void renderChart(holder);
}

let frame = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(redraw);
});
document.addEventListener("patron:theme", redraw);
matchMedia("print").addEventListener("change", redraw);
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const button = event.target.closest<HTMLElement>("[data-chart-toggle]");
  if (button) toggleTable(button);
});
