// The pages of campaigns: their styles alone. Everything works by forms and by htmx.

import "./styles/campaigns.css";
