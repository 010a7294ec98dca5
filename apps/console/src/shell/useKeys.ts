import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

interface KeyActions {
  palette: () => void;
  help: () => void;
  toggleTree: () => void;
}

/** Where two keys in a row lead: `g v` to the VMs. */
export const goKeys = { v: "/vms", h: "/hosts", d: "/datastores", n: "/networks", t: "/tasks", e: "/events" } as const;
/** Milliseconds in which the second key must follow. */
const togetherMs = 1_200;

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Keys that work everywhere. What `?` shows is the list in KeysHelp.tsx. */
export function useKeys(actions: KeyActions): void {
  const router = useRouter();
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let began = 0;
    const press = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        return latest.current.palette();
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      if (performance.now() - began < togetherMs && event.key in goKeys) {
        began = 0;
        return void router.navigate({ to: goKeys[event.key as keyof typeof goKeys] });
      }
      began = event.key === "g" ? performance.now() : 0;
      if (event.key === "?") latest.current.help();
      if (event.key === "[") latest.current.toggleTree();
      if (event.key === "/") {
        const filter = document.querySelector<HTMLInputElement>("[data-keys=filter]") ?? document.querySelector<HTMLInputElement>("[data-keys=search]");
        if (filter) {
          event.preventDefault();
          filter.focus();
        }
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [router]);
}
