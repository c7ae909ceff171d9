// Movement between groups: two columns of the same names, and a band for each that went over.

import type { EChartsCoreOption } from "echarts/core";

import type { Colours } from "./colours";
import { formatValue } from "./data";
import type { ChartData } from "./data";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
/** A name stands in both columns, and ECharts wants each once. */
const END = "\u200b";

interface Part {
  dataType?: string;
  name?: string;
  value?: number;
  data?: { source?: string; target?: string; value?: number };
}

function plain(name: string): string {
  return name.replaceAll(END, "");
}

function buildTip(part: unknown, data: ChartData): HTMLElement {
  const { dataType, name, value, data: link } = part as Part;
  const tip = document.createElement("div");
  tip.className = "chart-tip";
  const title = document.createElement("span");
  title.className = "chart-tip-title";
  title.textContent =
    dataType === "edge" ? `${plain(link?.source ?? "")} → ${plain(link?.target ?? "")}` : plain(name ?? "");
  const people = document.createElement("span");
  people.textContent = `${formatValue((dataType === "edge" ? link?.value : value) ?? null, data)} people`;
  tip.append(title, people);
  return tip;
}

/** Build the option of a picture of movement in the colours of the theme. */
export function buildSankey(data: ChartData, colours: Colours, width: number): EChartsCoreOption {
  const links = data.links ?? [];
  const order = data.order ?? [];
  const column = (used: Set<string>, mark: string, position: string): object[] =>
    order
      .map((name, index) => ({ name, index }))
      .filter(({ name }) => used.has(name))
      .map(({ name, index }) => ({
        name: `${name}${mark}`,
        depth: mark ? 1 : 0,
        itemStyle: { color: colours.series[index % colours.series.length], borderWidth: 0 },
        label: { position },
      }));
  const room = Math.min(132, width * 0.3);
  return {
    textStyle: { fontFamily: FONT },
    tooltip: {
      confine: true,
      transitionDuration: 0,
      backgroundColor: colours.surface,
      borderColor: colours.line,
      borderWidth: 1,
      padding: [8, 12],
      formatter: (part: unknown) => buildTip(part, data),
    },
    series: [
      {
        type: "sankey",
        animation: false,
        draggable: false,
        layoutIterations: 0,
        nodeGap: 14,
        nodeWidth: 10,
        left: room,
        right: room,
        top: 8,
        bottom: 8,
        emphasis: { focus: "adjacency" },
        data: [
          ...column(new Set(links.map(([before]) => before)), "", "left"),
          ...column(new Set(links.map(([, after]) => after)), END, "right"),
        ],
        links: links.map(([before, after, value]) => ({ source: before, target: `${after}${END}`, value })),
        lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
        label: {
          color: colours.text,
          fontFamily: FONT,
          fontSize: 12,
          width: room - 8,
          overflow: "truncate",
          formatter: (node: { name: string }) => plain(node.name),
        },
      },
    ],
  };
}
