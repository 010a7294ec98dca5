import type { Texts } from "../shape.ts";

export const hostActions: Texts["hostActions"] = {
  reconnect: "Neu verbinden",
  isConnected: "Er ist verbunden.",
  isDisabled: "Er ist hier abgeschaltet; schalten Sie ihn zuerst ein.",
  isConnecting: "Eine Verbindung wird schon aufgebaut.",
  edit: "{{name}} ändern",
  folderHelp: "Pfad, etwa /tenants/a; leer ist ganz oben",
  credential: "Zugangsdaten",
  credentialOf: "Zugangsdaten für {{name}}",
  credentialMeans: "Sie gehen nur an diesen Host, liegen versiegelt und werden nie gezeigt. Sie gelten ab der nächsten Verbindung.",
  credentialKept: "Die Zugangsdaten von {{name}} sind aufbewahrt",
  enable: "Einschalten",
  disable: "Abschalten",
  disableOne: "{{name}} hier abschalten?",
  disableMeans: "Er wird nichts mehr gefragt, und was er hat, wird gezeigt, wie es zuletzt gesehen wurde. Was auf ihm läuft, läuft weiter.",
  remove: "Entfernen",
  removeOne: "Den Host {{name}} vergessen?",
  removeMeans:
    "Der Host und was auf ihm ist, verschwinden von hier. Auf ihm wird nichts angerührt: Seine VMs laufen weiter. Tags, Notizen und Ordner, die Sie ihnen gaben, gehen verloren.",
  removed: "{{name}} ist vergessen",
};
