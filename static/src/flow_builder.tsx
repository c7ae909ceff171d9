// The builder of flows: steps on a canvas, their forms beside it. Loaded by its page alone.

import "@xyflow/react/dist/base.css";
import "./styles/flow_builder.css";
import "./styles/flow_builder_canvas.css";
import "./styles/flow_builder_forms.css";

import { createRoot } from "react-dom/client";

import { App } from "./flow_builder/App";
import type { Told } from "./flow_builder/told";

const holder = document.getElementById("flow-builder");
const told = document.getElementById("flow-builder-told")?.textContent;

if (holder && told) {
  holder.removeAttribute("aria-busy");
  createRoot(holder).render(<App told={JSON.parse(told) as Told} />);
}
