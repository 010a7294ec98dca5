import { permissions as table, type Permission } from "@polyvisor/model/tables";
import { useDeferredValue } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { WhyAnswer } from "../../access/WhyAnswer.tsx";
import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { useAnswer } from "../../live/useAnswer.ts";
import { useTexts } from "../../texts/texts.ts";
import { meansKey } from "../../access/meansKey.ts";
import { useSearch } from "../../tree/SearchResults.tsx";
import { Card } from "../../ui/Card.tsx";
import { useSearchState } from "../useSearchState.ts";
import { AdminPage } from "./AdminPage.tsx";

const names = Object.keys(table) as Permission[];

/** Whether somebody may do something somewhere, and by which grants. The question is in the address. */
export default function WhyPage() {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  const mine = usePermissions(undefined);
  const asksOthers = mine?.includes("role.administer") ?? false;
  const accounts = useAnswer("accountList", { query: { limit: 1000 } }, asksOthers && (mine?.includes("account.administer") ?? false));
  const permission = names.find((name) => name === search["permission"]) ?? "vm.power";
  const account = useDeferredValue(asksOthers ? (search["account"] ?? "").trim() : "");
  const object = useDeferredValue((search["object"] ?? "").trim());
  const { data: found } = useSearch(object.replace(/^[a-z]+\//, ""), 5);
  const offers = (found?.items ?? []).map(({ kind, name }) => `${kind}/${name}`);
  return (
    <AdminPage title={t("administration.why")} lead={t("administration.whyLead")}>
      <Card title={t("administration.whyQuestion")} wide>
        <div className="pv-fields">
          {asksOthers && (
            <TextField
              label={t("administration.account")}
              help={t("access.accountHelp")}
              value={search["account"] ?? ""}
              onChange={(next) => setSearch({ account: next || undefined }, true)}
              offers={(accounts.data?.items ?? []).map(({ name }) => name)}
              maxLength={512}
            />
          )}
          <ChoiceField
            label={t("access.permission")}
            help={t(meansKey(permission))}
            value={permission}
            onChange={(next) => setSearch({ permission: next }, true)}
            options={names.map((name) => [name, name] as const)}
          />
          <TextField
            label={t("access.objectOrSite")}
            help={t("access.objectHelp")}
            value={search["object"] ?? ""}
            onChange={(next) => setSearch({ object: next || undefined }, true)}
            offers={offers}
            maxLength={512}
          />
        </div>
      </Card>
      <p />
      <Card title={t("administration.answer")} wide>
        <WhyAnswer
          key={`${permission} ${account} ${object}`}
          permission={permission}
          {...(account === "" ? {} : { account })}
          {...(object === "" ? {} : { object })}
        />
      </Card>
    </AdminPage>
  );
}
