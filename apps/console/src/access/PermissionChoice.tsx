import { permissions, type Permission } from "@polyvisor/model/tables";
import { CheckField } from "../forms/CheckField.tsx";
import { useTexts } from "../texts/texts.ts";
import { meansKey } from "./meansKey.ts";

/** What permissions are about, in the order of the table. */
const subjects = ["vm", "host", "datastore", "network", "folder", "site"] as const;
const names = Object.keys(permissions) as Permission[];

/** Every permission with what it means, to be chosen or to be read. */
export function PermissionChoice({ chosen, choose }: { chosen: readonly Permission[]; choose?: (chosen: readonly Permission[]) => void }) {
  const { t } = useTexts();
  return (
    <div className="pv-checks">
      {subjects.map((on) => {
        const offered = names.filter((name) => permissions[name].on === on && (choose || chosen.includes(name)));
        if (offered.length === 0) return null;
        return [
          <h3 key={on}>{t(`access.on.${on}`)}</h3>,
          ...offered.map((name) =>
            choose ? (
              <CheckField
                key={name}
                label={name}
                help={t(meansKey(name))}
                value={chosen.includes(name)}
                onChange={(yes) => choose(yes ? [...chosen, name] : chosen.filter((each) => each !== name))}
              />
            ) : (
              <p key={name}>
                <code>{name}</code> {t(meansKey(name))}
              </p>
            ),
          ),
        ];
      })}
    </div>
  );
}
