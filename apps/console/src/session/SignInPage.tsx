import { useTexts } from "../texts/texts.ts";
import { Brand } from "../ui/Brand.tsx";
import { Failure } from "../ui/Failure.tsx";
import { SignInForm } from "./SignInForm.tsx";

/** The door. */
export function SignInPage({ failure }: { failure: unknown }) {
  const { t } = useTexts();
  return (
    <main className="pv-door">
      <div className="pv-door__card">
        <h1 className="pv-door__brand">
          <Brand size={36} />
          {t("shell.product")}
        </h1>
        {failure !== undefined && <Failure error={failure} />}
        <SignInForm />
        <p className="pv-door__note">{t("signIn.note")}</p>
      </div>
    </main>
  );
}
