import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useTexts } from "../texts/texts.ts";
import type { Conflict } from "./useMergedForm.ts";

interface Props<K extends string> {
  conflicts: readonly Conflict<K>[];
  label: (key: K) => string;
  choose: (key: K, whose: "mine" | "theirs") => void;
}

/** Two changed the same: what it was, what the other made of it and what is written here, to choose from. */
export function MergeView<K extends string>({ conflicts, label, choose }: Props<K>) {
  const { t } = useTexts();
  if (conflicts.length === 0) return null;
  return (
    <Alert variant="warning" isInline component="p" title={t("orders.merge.title")}>
      <p>{t("orders.merge.detail")}</p>
      <div className="pv-scroll">
        <table className="pv-merge">
          <thead>
            <tr>
              <th scope="col">{t("orders.merge.field")}</th>
              <th scope="col">{t("orders.merge.saw")}</th>
              <th scope="col">{t("orders.merge.theirs")}</th>
              <th scope="col">{t("orders.merge.mine")}</th>
            </tr>
          </thead>
          <tbody>
            {conflicts.map(({ key, saw, theirs, mine }) => (
              <tr key={key}>
                <th scope="row">{label(key)}</th>
                <td>
                  <bdi>{saw}</bdi>
                </td>
                <td>
                  <bdi>{theirs}</bdi>
                  <Button variant="link" size="sm" isInline onClick={() => choose(key, "theirs")}>
                    {t("orders.merge.takeTheirs")}
                  </Button>
                </td>
                <td>
                  <bdi>{mine}</bdi>
                  <Button variant="link" size="sm" isInline onClick={() => choose(key, "mine")}>
                    {t("orders.merge.takeMine")}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Alert>
  );
}
