import RFB from "@novnc/novnc";
import { useEffect, useRef } from "react";
import { pause } from "../session/pause.ts";
import { useTexts } from "../texts/texts.ts";
import { strokesFor, type Stroke } from "./keyboards.ts";
import { leavesConsole } from "./leaves.ts";
import type { ScreenProps } from "./screen.ts";
import { useLine } from "./useLine.ts";

/** Milliseconds between two characters: emulated keyboards lose what comes faster. */
const typedMs = 25;

/** A graphical console. Nothing but pixels comes from the guest; its clipboard is left alone. */
export default function GraphicalScreen({ vmId, alias, scale, onState, onScreen, wish }: ScreenProps) {
  const { t } = useTexts();
  const place = useRef<HTMLDivElement>(null);
  const present = useRef<RFB>(undefined);
  const scaled = useRef(scale);
  scaled.current = scale;

  useEffect(() => {
    if (present.current) present.current.scaleViewport = scale;
  }, [scale]);

  useEffect(() => {
    const strike = (keys: Stroke): void => {
      for (const { keysym, code } of keys) present.current?.sendKey(keysym, code, true);
      for (const { keysym, code } of keys.toReversed()) present.current?.sendKey(keysym, code, false);
    };
    onScreen({
      focus: () => present.current?.focus(),
      press: (keys) => typeof keys !== "string" && strike(keys),
      async type(text, layout, signal, progress) {
        const { strokes } = strokesFor(text, layout);
        for (const [i, stroke] of strokes.entries()) {
          signal.throwIfAborted();
          if (!present.current) throw new Error(t("consoles.cut"));
          strike(stroke);
          progress((i + 1) / strokes.length);
          await pause(typedMs, signal);
        }
      },
      picture: () =>
        new Promise((resolve, reject) => {
          if (!present.current) return reject(new Error(t("consoles.cut")));
          present.current.toBlob((blob) => resolve(blob), "image/png");
        }),
    });
    // The keyboard of the screen listens on its canvas; this comes before it.
    const element = place.current!;
    const leave = (event: KeyboardEvent): void => void leavesConsole(event);
    element.addEventListener("keydown", leave, { capture: true });
    return () => {
      onScreen(undefined);
      element.removeEventListener("keydown", leave, { capture: true });
      present.current?.disconnect();
      present.current = undefined;
    };
    // It is made once for as long as it is shown.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useLine({ vmId, kind: "graphical", alias, wish, onState }, (socket, heard) => {
    present.current?.disconnect();
    const rfb = new RFB(place.current!, socket, { shared: true });
    rfb.scaleViewport = scaled.current;
    rfb.background = "#151515";
    rfb.addEventListener("connect", () => {
      const canvas = place.current?.querySelector("canvas");
      canvas?.setAttribute("role", "application");
      canvas?.setAttribute("aria-label", t("consoles.graphicalLabel"));
      canvas?.setAttribute("tabindex", "0");
      present.current = rfb;
      heard();
    });
    rfb.addEventListener("credentialsrequired", () => {
      onState({ is: "refused", code: "notSupported", why: t("consoles.wantsPassword") });
      rfb.disconnect();
    });
    rfb.addEventListener("disconnect", () => {
      if (present.current === rfb) present.current = undefined;
    });
  });
  return <div ref={place} className="pv-console__graphical" />;
}
