import "@patternfly/react-core/dist/styles/base.css";
import "./console.css";
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { Console } from "./Console.tsx";
import { stream } from "./live/live.ts";
import { applyPreferences, preferences } from "./preferences/preferences.ts";
import { startTexts } from "./texts/texts.ts";

applyPreferences();
stream.start();
await startTexts(preferences.get().language);
createRoot(document.getElementById("console")!).render(createElement(Console));
