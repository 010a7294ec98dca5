import type { Texts } from "../shape.ts";

export const signIn: Texts["signIn"] = {
  note: "Auf der Maschine des Servers gibt polyvisor sign-in code einen Einmalcode aus.",
  again: "Melden Sie sich wieder an, um fortzufahren",
  againNote: "Ihre Sitzung ist abgelaufen. Was Sie gerade taten, wartet und geht danach weiter.",
  name: "Name",
  passPhrase: "Passphrase",
  directory: "Verzeichnis",
  ownAccounts: "Polyvisors eigene Konten",
  secondFactor: "Code Ihres Authenticators oder ein Wiederherstellungscode",
  code: "Einmalcode",
  enter: "Anmelden",
  byPasskey: "Mit Passkey anmelden",
  byProvider: "Mit {{name}} anmelden",
  byPassPhrase: "Name und Passphrase verwenden",
  byCode: "Einmalcode verwenden",
  leave: "Abmelden",
};
