// The pages of templates: their styles. What they do needs no script of its own.

import "./styles/content.css";
