import "../routes/administration/administration.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { permissions as table, type Permission } from "@polyvisor/model/tables";
import { useDeferredValue, useState } from "react";
import { usePermissions } from "../actions/usePermissions.ts";
import { TextField } from "../forms/TextField.tsx";
import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import { useAnswer } from "../live/useAnswer.ts";
import { NewGrant } from "../routes/administration/NewGrant.tsx";
import { useTexts } from "../texts/texts.ts";
import { meansKey } from "./meansKey.ts";
import { Answered } from "../ui/Answered.tsx";
import { Card } from "../ui/Card.tsx";
import { WhyAnswer } from "./WhyAnswer.tsx";

const names = Object.keys(table) as Permission[];
/** Permissions that say something about an object of a kind. */
const about = (kind: EstateKind): Permission[] =>
  names.filter((name) => table[name].on === kind || name === "history.view" || (kind === "host" && name === "vm.create"));

/** What one may do with an object and why; for who administers roles also what others may. */
export default function PermissionsTab({ object }: { object: LiveObjects[EstateKind] }) {
  const { t } = useTexts();
  const mine = usePermissions(undefined);
  const asksOthers = mine?.includes("role.administer") ?? false;
  const [typed, setTyped] = useState("");
  const [open, setOpen] = useState<Permission>();
  const [granting, setGranting] = useState(false);
  const account = useDeferredValue(typed.trim());
  const accounts = useAnswer("accountList", { query: { limit: 1000 } }, asksOthers && (mine?.includes("account.administer") ?? false));
  const query = { object: object.id, ...(account === "" ? {} : { account }) };
  const effective = useAnswer("permissionEffective", { query });
  return (
    <div className="pv-cards">
      <Card
        title={account === "" ? t("access.whatYouMay") : t("access.whatOneMay", { account })}
        wide
        action={
          asksOthers && (
            <Button variant="link" isInline onClick={() => setGranting(true)}>
              {t("administration.newGrant")}
            </Button>
          )
        }
      >
        {asksOthers && (
          <TextField
            label={t("administration.account")}
            help={t("access.accountHelp")}
            value={typed}
            onChange={setTyped}
            offers={(accounts.data?.items ?? []).map(({ name }) => name)}
            maxLength={512}
          />
        )}
        <Answered of={effective}>
          {({ permissions }) =>
            about(object.kind).map((name) => {
              const has = permissions.includes(name);
              return (
                <div key={name} className="pv-permission" data-has={has}>
                  <code>{name}</code>
                  <span>
                    {has ? "✓ " : "✗ "}
                    <span className="pv-unseen">{has ? t("access.yes") : t("access.no")}</span> {t(meansKey(name))}
                  </span>
                  <Button
                    variant="link"
                    isInline
                    aria-expanded={open === name}
                    aria-label={`${t("access.whyShort")} ${name}`}
                    onClick={() => setOpen(open === name ? undefined : name)}
                  >
                    {t("access.whyShort")}
                  </Button>
                  {open === name && (
                    <div>
                      <WhyAnswer permission={name} object={object.id} {...(account === "" ? {} : { account })} />
                    </div>
                  )}
                </div>
              );
            })
          }
        </Answered>
      </Card>
      {granting && <NewGrant object={object} close={() => setGranting(false)} />}
    </div>
  );
}
