/** Family file of each procedure, by its name without `REMOTE_PROC_`; the first match wins. */
const FAMILIES: readonly (readonly [RegExp, string])[] = [
  [/^AUTH_/, "auth"],
  [/^(CONNECT_)?.*NWFILTER/, "nwfilter"],
  [/^(CONNECT_|STORAGE_).*(STORAGE_POOL|STORAGE_VOL)|^STORAGE_/, "storage"],
  [/SECRET/, "secret"],
  [/^NODE_DEVICE_|^CONNECT_.*NODE_DEVICE/, "nodeDevice"],
  [/^NODE_/, "node"],
  [/^INTERFACE_|^CONNECT_.*_INTERFACES$/, "interface"],
  [/^NETWORK_|^CONNECT_.*NETWORK/, "network"],
  [/^DOMAIN_MIGRATE/, "domainMigrate"],
  [/^DOMAIN_(.*_)?(SNAPSHOT|CHECKPOINT|BACKUP|REVERT)|^DOMAIN_(HAS_CURRENT|LIST_ALL_(SNAP|CHECK))/, "domainSnapshot"],
  [/^DOMAIN_(.*_)?(BLOCK|BLKIO|DISK|FS|MANAGED_SAVE|SAVE|RESTORE)/, "domainBlock"],
  [/^DOMAIN_(.*_)?(VCPU|VCPUS|CPU|EMULATOR|IOTHREAD|MEMORY|NUMA|PERF|SCHEDULER|DIRTY|LAUNCH)/, "domainTuning"],
  [/^DOMAIN_(.*_)?(GUEST|AGENT|PASSWORD|SSH|TIME|KEY|HOSTNAME|INTERFACE|NMI|SECURITY|METADATA|JOB)/, "domainGuest"],
  [/^DOMAIN_/, "domain"],
  [/^CONNECT_/, "connect"],
];

/** Family file that a remote procedure's stub lives in. */
export function familyOf(procedure: string): string {
  const found = FAMILIES.find(([pattern]) => pattern.test(procedure));
  if (!found) throw new Error(`no family for procedure ${procedure}: add one to naming.ts`);
  return found[1];
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** `domain_get_xml_desc` to `domainGetXmlDesc`; a name that is camelCase already (`callbackID`) stays. */
export function camelCase(name: string): string {
  return name.split("_").map((word, index) => (index === 0 ? word : capital(word))).join("");
}

/** TypeScript name of a definition's struct or union: `remote_nonnull_domain` is `Domain`. */
export function typeName(name: string): string {
  if (name === "remote_error") return "RemoteError";
  if (name.startsWith("vir")) return name.replace(/^vir/, "").replace("Nonnull", "");
  return capital(camelCase(name.replace(/^remote_/, "").replace(/^nonnull_/, "")));
}
