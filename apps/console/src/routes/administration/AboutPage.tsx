import { useAnswer } from "../../live/useAnswer.ts";
import { useTexts } from "../../texts/texts.ts";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { AdminPage } from "./AdminPage.tsx";

/** What this is, in which version, and under which licence. */
export default function AboutPage() {
  const { t } = useTexts();
  const info = useAnswer("infoGet");
  return (
    <AdminPage title={t("administration.about")}>
      <div className="pv-cards">
        <Card title={t("shell.product")}>
          <Answered of={info}>
            {({ name, version }) => (
              <Facts
                facts={[
                  [t("administration.server"), <bdi key="name">{name}</bdi>],
                  [t("administration.version"), version],
                  [t("administration.licence"), "Apache License 2.0"],
                  [
                    t("administration.api"),
                    <a key="api" href="/api/v1/openapi.json" translate="no">
                      OpenAPI 3.1
                    </a>,
                  ],
                ]}
              />
            )}
          </Answered>
        </Card>
        <Card title={t("administration.licence")}>
          <p>{t("administration.licenceText")}</p>
          <p>{t("administration.madeOf")}</p>
          <p className="pv-quiet" translate="no">
            React · PatternFly · TanStack · i18next · noVNC · xterm.js · uPlot · React Flow · elkjs · qr
          </p>
        </Card>
      </div>
    </AdminPage>
  );
}
