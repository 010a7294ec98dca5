import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import { preferences } from "../preferences/preferences.ts";
import { usePreferences } from "../preferences/usePreferences.ts";
import { useTexts } from "../texts/texts.ts";

const [least, most] = [180, 640];
const set = (width: number): void => preferences.set({ treeWidth: Math.round(Math.min(most, Math.max(least, width))) });

/** The edge of the tree, which is drawn with the pointer or the arrow keys. */
export function TreeEdge() {
  const { t } = useTexts();
  const { treeWidth } = usePreferences();
  const drag = useRef<{ x: number; width: number }>(undefined);
  const down = (event: PointerEvent<HTMLDivElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    drag.current = { x: event.clientX, width: treeWidth };
  };
  const move = (event: PointerEvent): void => {
    if (drag.current) set(drag.current.width + event.clientX - drag.current.x);
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "ArrowLeft") set(treeWidth - 16);
    if (event.key === "ArrowRight") set(treeWidth + 16);
  };
  return (
    <div
      className="pv-shell__edge"
      role="separator"
      aria-orientation="vertical"
      aria-label={t("tree.width")}
      aria-valuenow={treeWidth}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={() => (drag.current = undefined)}
      onKeyDown={key}
    />
  );
}
