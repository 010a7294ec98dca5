import { ApiError } from "@polyvisor/api/client";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Form, FormGroup } from "@patternfly/react-core/dist/esm/components/Form";
import { FormSelect, FormSelectOption } from "@patternfly/react-core/dist/esm/components/FormSelect";
import { TextInput } from "@patternfly/react-core/dist/esm/components/TextInput";
import { useEffect, useState, type FormEvent } from "react";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import { openClient } from "./session.ts";
import { hasPasskeys, signInByCode, signInByPasskey, signInByPassPhrase, signInByProvider } from "./signIn.ts";

interface Provider {
  name: string;
  kind: "oidc" | "ldap";
}

/** Every way in that this site offers. */
export function SignInForm({ name: known = "" }: { name?: string }) {
  const { t } = useTexts();
  const [way, setWay] = useState<"passPhrase" | "code">("passPhrase");
  const [providers, setProviders] = useState<readonly Provider[]>([]);
  const [name, setName] = useState(known);
  const [passPhrase, setPassPhrase] = useState("");
  const [provider, setProvider] = useState("");
  const [secondFactor, setSecondFactor] = useState<string>();
  const [code, setCode] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);

  useEffect(() => {
    openClient.call("signInWays").then(
      (ways) => setProviders(ways.providers),
      () => undefined, // the form itself tells when the server does not answer
    );
  }, []);

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      if (error instanceof ApiError && error.problem.code === "secondFactorNeeded") setSecondFactor("");
      else if (!(error instanceof DOMException && error.name === "NotAllowedError")) setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void attempt(() =>
      way === "code"
        ? signInByCode(code.trim())
        : signInByPassPhrase({ name: name.trim(), passPhrase, provider: provider || undefined, secondFactor: secondFactor?.trim() || undefined }),
    );
  };

  const directories = providers.filter(({ kind }) => kind === "ldap");
  const pages = providers.filter(({ kind }) => kind === "oidc");
  return (
    <Form onSubmit={submit} className="pv-sign-in">
      {failure !== undefined && <Failure error={failure} />}
      {way === "code" ? (
        <FormGroup label={t("signIn.code")} fieldId="sign-in-code">
          <TextInput id="sign-in-code" autoComplete="one-time-code" autoFocus value={code} onChange={(_, value) => setCode(value)} isRequired />
        </FormGroup>
      ) : (
        <>
          <FormGroup label={t("signIn.name")} fieldId="sign-in-name">
            <TextInput id="sign-in-name" autoComplete="username" autoFocus={known === ""} value={name} onChange={(_, value) => setName(value)} isRequired />
          </FormGroup>
          <FormGroup label={t("signIn.passPhrase")} fieldId="sign-in-pass-phrase">
            <TextInput
              id="sign-in-pass-phrase"
              type="password"
              autoComplete="current-password"
              autoFocus={known !== ""}
              value={passPhrase}
              onChange={(_, value) => setPassPhrase(value)}
              isRequired
            />
          </FormGroup>
          {directories.length > 0 && (
            <FormGroup label={t("signIn.directory")} fieldId="sign-in-directory">
              <FormSelect id="sign-in-directory" value={provider} onChange={(_, value) => setProvider(value)}>
                <FormSelectOption value="" label={t("signIn.ownAccounts")} />
                {directories.map((each) => (
                  <FormSelectOption key={each.name} value={each.name} label={each.name} />
                ))}
              </FormSelect>
            </FormGroup>
          )}
          {secondFactor !== undefined && (
            <FormGroup label={t("signIn.secondFactor")} fieldId="sign-in-second-factor">
              <TextInput
                id="sign-in-second-factor"
                autoComplete="one-time-code"
                inputMode="numeric"
                autoFocus
                value={secondFactor}
                onChange={(_, value) => setSecondFactor(value)}
              />
            </FormGroup>
          )}
        </>
      )}
      <Button type="submit" isBlock isLoading={busy} isDisabled={busy}>
        {t("signIn.enter")}
      </Button>
      <div className="pv-sign-in__others">
        {hasPasskeys() && (
          <Button variant="secondary" isBlock isDisabled={busy} onClick={() => void attempt(signInByPasskey)}>
            {t("signIn.byPasskey")}
          </Button>
        )}
        {pages.map((each) => (
          <Button key={each.name} variant="secondary" isBlock isDisabled={busy} onClick={() => void attempt(() => signInByProvider(each.name))}>
            {t("signIn.byProvider", { name: each.name })}
          </Button>
        ))}
        <Button variant="link" isBlock onClick={() => setWay(way === "code" ? "passPhrase" : "code")}>
          {way === "code" ? t("signIn.byPassPhrase") : t("signIn.byCode")}
        </Button>
      </div>
    </Form>
  );
}
