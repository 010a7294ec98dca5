import { Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { ActionDialogs } from "../actions/ActionDialogs.tsx";
import { useStream } from "../live/useLive.ts";
import { preferences } from "../preferences/preferences.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { useTexts } from "../texts/texts.ts";
import { Tree } from "../tree/Tree.tsx";
import { Masthead } from "./Masthead.tsx";
import { StaleBanner } from "./StaleBanner.tsx";
import { Toasts } from "./Toasts.tsx";
import { TreeEdge } from "./TreeEdge.tsx";
import { useKeys } from "./useKeys.ts";
import { patient } from "../session/patient.ts";

const loadPalette = () => import("../commands/CommandPalette.tsx");
const CommandPalette = lazy(patient(loadPalette));
const KeysHelp = lazy(patient(() => import("./KeysHelp.tsx")));

/** What stands around every page. */
export function Shell() {
  const { t } = useTexts();
  const { treeOpen, treeWidth, timeZone } = usePreferences();
  const stream = useStream();
  const [overlay, setOverlay] = useState<"palette" | "keys" | "tree">();
  const close = (): void => setOverlay(undefined);
  useKeys({
    palette: () => setOverlay("palette"),
    help: () => setOverlay("keys"),
    toggleTree: () => preferences.set({ treeOpen: !preferences.get().treeOpen }),
  });
  // Who presses Ctrl-K types on at once: it must not have to be fetched first.
  useEffect(() => {
    const timer = setTimeout(() => void loadPalette().catch(() => undefined), 1_000); // where the server is away it is fetched when it is wanted
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="pv-shell" data-tree={treeOpen} data-tree-over={overlay === "tree"} style={{ "--pv-tree-width": `${treeWidth}px` } as object}>
      <a className="pv-skip" href="#content">
        {t("shell.skip")}
      </a>
      <Masthead
        openPalette={() => setOverlay("palette")}
        openKeys={() => setOverlay("keys")}
        toggleTree={() =>
          matchMedia("(max-width: 768px)").matches ? setOverlay(overlay === "tree" ? undefined : "tree") : preferences.set({ treeOpen: !treeOpen })
        }
      />
      <nav className="pv-shell__tree" aria-label={t("tree.label")} onClick={(event) => (event.target as Element).closest("a") && overlay === "tree" && close()}>
        <Tree />
        <TreeEdge />
      </nav>
      {overlay === "tree" && <div className="pv-shell__scrim" onClick={close} />}
      <main id="content" className="pv-shell__content" data-stale={stream.is === "stale"} tabIndex={-1}>
        <StaleBanner />
        <Suspense fallback={null}>
          {/* Times are texts that are made when a page is drawn: another zone draws it anew. */}
          <Outlet key={timeZone} />
        </Suspense>
      </main>
      <Toasts />
      <ActionDialogs />
      <Suspense fallback={null}>
        {overlay === "palette" && <CommandPalette close={close} />}
        {overlay === "keys" && <KeysHelp close={close} />}
      </Suspense>
    </div>
  );
}
