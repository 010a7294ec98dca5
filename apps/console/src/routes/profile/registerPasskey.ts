import { api } from "../../session/session.ts";
import { t } from "../../texts/texts.ts";

/** Whether this browser makes passkeys for this page: they need HTTPS or localhost. */
export const canRegisterPasskeys = (): boolean => typeof PublicKeyCredential === "function" && "parseCreationOptionsFromJSON" in PublicKeyCredential;

/** Has the browser make a passkey and registers it. Rejects in the user's words where the person gave up or has one here already. */
export async function registerPasskey(name: string): Promise<void> {
  const { options, handle } = await api.call("passkeyBegin");
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options as unknown as PublicKeyCredentialCreationOptionsJSON);
  const made = (await navigator.credentials.create({ publicKey }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "NotAllowedError") throw new Error(t("profile.passkeyGivenUp"));
    if (error instanceof DOMException && error.name === "InvalidStateError") throw new Error(t("profile.passkeyKnown"));
    throw error;
  })) as PublicKeyCredential;
  await api.call("passkeyAdd", { body: { name, handle, passkey: made.toJSON() as unknown as Record<string, unknown> } });
}
