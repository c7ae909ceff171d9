// The editor of e-mails: blocks to click, drag and set, over the code that the form sends.

import "grapesjs/dist/css/grapes.min.css";
import "./styles/email_editor.css";

import { EmailEditor } from "./email_editor/editor";
import { isBuilt } from "./email_editor/mjml";

const holder = document.querySelector<HTMLElement>("[data-email-editor]");
const source = document.querySelector<HTMLTextAreaElement>("textarea[name=mjml]");
const told = document.getElementById("email-editor")?.textContent;

if (holder && source && told && isBuilt(source.value)) new EmailEditor(holder, source, JSON.parse(told)).start();
