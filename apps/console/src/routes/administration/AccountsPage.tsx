import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Name } from "../../ui/Name.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { accountPath } from "./account.ts";
import { AdminPage } from "./AdminPage.tsx";
import { NewAccount } from "./NewAccount.tsx";

/** Accounts read at a time. */
const atOnce = 200;

/** Everybody who may come in. */
export default function AccountsPage() {
  const { t } = useTexts();
  const [making, setMaking] = useState(false);
  const accounts = useInfiniteQuery({
    queryKey: ["accountList"],
    queryFn: ({ pageParam, signal }) => api.call("accountList", { query: { limit: atOnce, ...(pageParam === "" ? {} : { cursor: pageParam }) }, signal }),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
    staleTime: 0,
  });
  return (
    <AdminPage
      title={t("administration.accounts")}
      lead={t("administration.accountsLead")}
      actions={<Button onClick={() => setMaking(true)}>{t("administration.newAccount")}</Button>}
    >
      <Answered of={accounts as never}>
        {() => (
          <PlainTable
            label={t("administration.accounts")}
            rows={accounts.data!.pages.flatMap(({ items }) => items)}
            keyOf={({ id }) => id}
            empty=""
            columns={[
              {
                text: "fields.name",
                cell: (account) => (
                  <ConsoleLink to={accountPath(account.id)}>
                    <Name>{account.name}</Name>
                  </ConsoleLink>
                ),
              },
              { text: "administration.fullName", wide: true, cell: ({ displayName }) => <bdi>{displayName}</bdi> },
              { text: "administration.from", wide: true, cell: ({ source, provider }) => provider ?? t(`administration.sources.${source}`) },
              { text: "administration.groups", wide: true, cell: ({ groups }) => <bdi>{groups.map(({ name }) => name).join(", ")}</bdi> },
              {
                text: "administration.lastSignIn",
                cell: ({ lastSignInAt }) => (lastSignInAt === undefined ? t("administration.never") : <Ago time={lastSignInAt} />),
              },
              { text: "fields.state", cell: ({ disabled }) => (disabled ? t("administration.disabled") : t("administration.enabled")) },
            ]}
          />
        )}
      </Answered>
      {accounts.hasNextPage && (
        <Button variant="link" isLoading={accounts.isFetchingNextPage} onClick={() => void accounts.fetchNextPage()}>
          {t("administration.showMore")}
        </Button>
      )}
      {making && <NewAccount close={() => setMaking(false)} />}
    </AdminPage>
  );
}
