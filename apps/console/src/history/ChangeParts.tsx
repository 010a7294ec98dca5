import { useTexts } from "../texts/texts.ts";
import { changedParts } from "./changedParts.ts";
import { fieldText, valueText } from "./valueText.ts";

/** Each thing that differs: its name, what was, what is. */
export function ChangeParts({ changes }: { changes: readonly { field: string; before?: unknown; after?: unknown }[] }) {
  const { t, has } = useTexts();
  const { parts, more } = changedParts(changes);
  if (parts.length === 0) return null;
  return (
    <dl className="pv-changes">
      {parts.map((part) => (
        <div key={part.path.join("\n")}>
          <dt>
            <bdi>{fieldText(part.path, has)}</bdi>
          </dt>
          <dd>
            <del>
              <bdi>{valueText(part.path, part.before)}</bdi>
            </del>
            <span aria-hidden> → </span>
            <ins>
              <bdi>{valueText(part.path, part.after)}</bdi>
            </ins>
          </dd>
        </div>
      ))}
      {more > 0 && <div>{t("events.moreParts", { count: more })}</div>}
    </dl>
  );
}
