import { useTexts } from "../../texts/texts.ts";
import { AdminPage } from "./AdminPage.tsx";
import { SessionTable } from "./SessionTable.tsx";

/** Everybody who is signed in, from where and by what. */
export default function SessionsPage() {
  const { t } = useTexts();
  return (
    <AdminPage title={t("administration.sessions")} lead={t("administration.sessionsLead")}>
      <SessionTable all />
    </AdminPage>
  );
}
