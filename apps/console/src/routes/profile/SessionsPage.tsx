import { useTexts } from "../../texts/texts.ts";
import { AdminPage } from "../administration/AdminPage.tsx";
import { SessionTable } from "../administration/SessionTable.tsx";

/** Where one is signed in, and the way to end what one does not know. */
export default function SessionsPage() {
  const { t } = useTexts();
  return (
    <AdminPage title={t("profile.sessions")} lead={t("profile.sessionsLead")}>
      <SessionTable />
    </AdminPage>
  );
}
