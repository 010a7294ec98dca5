import "@xterm/xterm/css/xterm.css";
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import { useEffect, useRef } from "react";
import { pause } from "../session/pause.ts";
import { useTexts } from "../texts/texts.ts";
import { withoutInlineStyles } from "./inlineStyles.ts";
import { leavesConsole } from "./leaves.ts";
import type { ScreenProps } from "./screen.ts";
import { useLine } from "./useLine.ts";

/** Bytes that may wait for the terminal to draw them; what a guest pours out beyond is left out, and said. */
const mostWaiting = 4 * 1024 ** 2;
/** Characters in one message of a text that is typed, and the pause between two: a serial line has a short queue. */
const typed = { atOnce: 64, pauseMs: 20 };

/** Milliseconds in which a refusal comes behind an opening. */
const refusedWithinMs = 200;

const utf8 = new TextEncoder();

/** A text console. What the guest writes is drawn as characters and colours, and can do nothing else. */
export default function SerialScreen({ vmId, alias, onState, onScreen, wish }: ScreenProps) {
  const { t } = useTexts();
  const place = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal>(undefined);
  const socket = useRef<WebSocket>(undefined);

  useEffect(() => {
    const inlineStyles = withoutInlineStyles();
    const term = new Terminal({
      fontFamily: "RedHatMono, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
      fontSize: 14,
      scrollback: 10_000,
      cursorBlink: false,
      // A link that the guest writes is text.
      linkHandler: { activate: () => undefined },
      // Nothing of the window is told to the guest or changed by it.
      windowOptions: {},
      theme: { background: "#151515", foreground: "#e0e0e0", cursor: "#e0e0e0" },
    });
    const fit = new FitAddon();
    term.loadAddon(fit);
    term.open(place.current!);
    term.textarea?.setAttribute("aria-label", t("consoles.serialLabel"));
    const send = (bytes: Uint8Array): void => {
      if (socket.current?.readyState === WebSocket.OPEN) for (let at = 0; at < bytes.length; at += 65_536) socket.current.send(bytes.slice(at, at + 65_536));
    };
    term.onData((text) => send(utf8.encode(text)));
    term.onBinary((text) => send(Uint8Array.from(text, (each) => each.charCodeAt(0))));
    term.attachCustomKeyEventHandler((event) => !leavesConsole(event));
    const watch = new ResizeObserver(() => fit.fit());
    watch.observe(place.current!);
    fit.fit();
    terminal.current = term;
    onScreen({
      focus: () => term.focus(),
      press: (keys) => typeof keys === "string" && send(utf8.encode(keys)),
      async type(text, _layout, signal, progress) {
        const characters = [...text.replace(/\r\n?|\n/g, "\r")];
        for (let at = 0; at < characters.length; at += typed.atOnce) {
          signal.throwIfAborted();
          if (socket.current?.readyState !== WebSocket.OPEN) throw new Error(t("consoles.cut"));
          send(utf8.encode(characters.slice(at, at + typed.atOnce).join("")));
          progress(Math.min(1, (at + typed.atOnce) / characters.length));
          await pause(typed.pauseMs, signal);
        }
      },
    });
    return () => {
      onScreen(undefined);
      watch.disconnect();
      term.dispose();
      inlineStyles();
    };
    // It is made once for as long as it is shown.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  useLine({ vmId, kind: "text", alias, wish, onState }, (fresh, heard) => {
    socket.current = fresh;
    let waiting = 0;
    let left = 0;
    // A refusal follows right behind the opening; a guest that is silent follows with nothing.
    fresh.addEventListener("open", () => setTimeout(() => fresh.readyState === WebSocket.OPEN && heard(), refusedWithinMs));
    fresh.addEventListener("message", ({ data }: MessageEvent<ArrayBuffer>) => {
      const term = terminal.current;
      if (!term) return;
      if (waiting + data.byteLength > mostWaiting) return void (left += data.byteLength);
      if (left > 0) {
        term.write(`\x1b[0m\r\n[${t("consoles.leftOut", { count: left })}]\r\n`);
        left = 0;
      }
      waiting += data.byteLength;
      term.write(new Uint8Array(data), () => (waiting -= data.byteLength));
    });
  });
  return <div ref={place} className="pv-console__serial" />;
}
