import { useEffect, useRef } from "react";
import { api } from "../session/session.ts";
import { ConsoleLine, type LineState } from "./consoleLine.ts";

interface LineProps {
  vmId: string;
  kind: "text" | "graphical";
  alias: string | undefined;
  wish: { count: number; force: boolean };
  onState: (state: LineState) => void;
}

/** Keeps the line to a console for as long as the component is shown. `onSocket` is given each connection, and `heard` to call when something came on it. */
export function useLine({ vmId, kind, alias, wish, onState }: LineProps, onSocket: (socket: WebSocket, heard: () => void) => void): void {
  const latest = useRef({ onSocket, onState });
  latest.current = { onSocket, onState };
  const line = useRef<ConsoleLine>(undefined);
  const first = useRef(wish.count);
  useEffect(() => {
    const made: ConsoleLine = new ConsoleLine({
      url: (force) =>
        api.webSocketUrl("vmConsole", {
          params: { id: vmId },
          query: { kind, refusal: "frame", ...(alias === undefined ? {} : { alias }), ...(force ? { force: "true" } : {}) },
        }),
      open: (url) => new WebSocket(url, ["polyvisor"]),
      onSocket: (socket) => latest.current.onSocket(socket, () => made.heard()),
      onState: (state) => latest.current.onState(state),
      signedIn: () => api.call("accountGet"),
      after(ms, fn) {
        const timer = setTimeout(fn, ms);
        return () => clearTimeout(timer);
      },
    });
    line.current = made;
    made.connect();
    return () => made.end();
  }, [vmId, kind, alias]);
  useEffect(() => {
    if (wish.count !== first.current) line.current?.connect(wish.force);
    first.current = wish.count;
  }, [wish]);
}
