// The builder of segments: conditions as a tree to click and type, over the JSON that the form sends.

import "./styles/builder-controls.css";
import "./styles/builder.css";

import { Builder } from "./builder/builder";

const holder = document.querySelector<HTMLElement>("[data-builder]");
const source = document.querySelector<HTMLTextAreaElement>("textarea[name=definition]");
const told = document.getElementById("segment-language")?.textContent;

if (holder && source?.form && told) new Builder(holder, source, source.form, JSON.parse(told)).start();
