// The pages of content: their styles, uploading pictures, and choosing one for a field.

import "./styles/content.css";
import "./styles/pictures.css";

import { startFields } from "./pictures/fields";
import { startPictures } from "./pictures/page";
import { startWritingHelp } from "./writing_help/help";

startPictures();
startFields();
startWritingHelp();
