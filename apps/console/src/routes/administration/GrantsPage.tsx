import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { SearchInput } from "@patternfly/react-core/dist/esm/components/SearchInput";
import { useState } from "react";
import { useTexts } from "../../texts/texts.ts";
import { useSearchState } from "../useSearchState.ts";
import { AdminPage } from "./AdminPage.tsx";
import { GrantTable } from "./GrantTable.tsx";
import { NewGrant } from "./NewGrant.tsx";

/** Who has which role where. */
export default function GrantsPage() {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  const [making, setMaking] = useState(false);
  const words = search["find"] ?? "";
  return (
    <AdminPage
      title={t("administration.grants")}
      lead={t("administration.grantsLead")}
      actions={
        <>
          <SearchInput
            aria-label={t("administration.findGrants")}
            placeholder={t("administration.findGrants")}
            value={words}
            onChange={(_, next) => setSearch({ find: next || undefined }, true)}
            onClear={() => setSearch({ find: undefined }, true)}
          />
          <Button onClick={() => setMaking(true)}>{t("administration.newGrant")}</Button>
        </>
      }
    >
      <GrantTable words={words} />
      {making && <NewGrant close={() => setMaking(false)} />}
    </AdminPage>
  );
}
