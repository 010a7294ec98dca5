import { useAnswer } from "../../live/useAnswer.ts";
import { useTexts } from "../../texts/texts.ts";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { dateText } from "../../ui/times.ts";
import { AdminPage } from "../administration/AdminPage.tsx";
import { Passkeys } from "./Passkeys.tsx";
import { PassPhrase } from "./PassPhrase.tsx";
import { SecondFactor } from "./SecondFactor.tsx";

/** Who one is, and by which ways one comes in. */
export default function ProfilePage() {
  const { t } = useTexts();
  const account = useAnswer("accountGet");
  return (
    <AdminPage title={t("profile.signIn")} lead={t("profile.signInLead")}>
      <Answered of={account}>
        {(me) => (
          <div className="pv-cards">
            <Card title={t("profile.you")}>
              <Facts
                facts={[
                  [t("fields.name"), <bdi key="name">{me.name}</bdi>],
                  [t("administration.fullName"), <bdi key="full">{me.displayName}</bdi>],
                  [t("administration.from"), me.provider ?? t(`administration.sources.${me.source}`)],
                  [t("administration.groups"), <bdi key="groups">{me.groups.map(({ name }) => name).join(", ")}</bdi>],
                  [t("administration.lastSignIn"), me.lastSignInAt && dateText(me.lastSignInAt)],
                ]}
              />
            </Card>
            {me.source === "local" && <PassPhrase has={me.hasPassPhrase} />}
            <SecondFactor has={me.hasTotp} />
            <Passkeys />
          </div>
        )}
      </Answered>
    </AdminPage>
  );
}
