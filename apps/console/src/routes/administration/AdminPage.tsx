import "./administration.css";
import { EmptyState, EmptyStateBody } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { useTexts, type TextKey } from "../../texts/texts.ts";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { useTitle } from "../../ui/useTitle.ts";
import { administrationAreas, profileAreas, type Area } from "./areas.ts";

interface Props {
  title: string;
  /** One sentence on what this is. */
  lead?: string;
  /** On the right of the title. */
  actions?: ReactNode;
  /** Before the title: where this is. */
  above?: { path: string; text: TextKey };
  children: ReactNode;
}

/** A page of the administration or of the own profile, with the list of areas beside it. */
export function AdminPage({ title, lead, actions, above, children }: Props) {
  const { t } = useTexts();
  const { pathname } = useLocation();
  const permissions = usePermissions(undefined);
  const own = pathname.startsWith("/profile");
  const areas = own ? profileAreas : administrationAreas;
  const mayOpen = ({ needs }: Area): boolean => needs === undefined || permissions === undefined || permissions.includes(needs);
  const present = areas.findLast(({ path }) => pathname === path || pathname.startsWith(`${path}/`));
  useTitle(title);
  return (
    <section className="pv-admin">
      <nav className="pv-admin__areas" aria-label={t("administration.areas")}>
        <h2>{own ? t("profile.title") : t("administration.title")}</h2>
        {areas.filter(mayOpen).map(({ path, text }) => (
          <ConsoleLink key={path} to={path} {...(path === present?.path ? { "aria-current": "page" } : {})}>
            {t(text)}
          </ConsoleLink>
        ))}
      </nav>
      <div className="pv-admin__page">
        {present && !mayOpen(present) ? (
          <EmptyState titleText={t(present.text)} headingLevel="h1">
            <EmptyStateBody>{t("actions.noPermission", { permission: present.needs! })}</EmptyStateBody>
          </EmptyState>
        ) : (
          <>
            {above && (
              <nav className="pv-crumbs" aria-label={t("shell.crumbs")}>
                <ConsoleLink to={above.path}>{t(above.text)}</ConsoleLink>
              </nav>
            )}
            <header className="pv-admin__head">
              <h1>
                <bdi>{title}</bdi>
              </h1>
              <div>{actions}</div>
            </header>
            {lead !== undefined && <p className="pv-lead">{lead}</p>}
            {children}
          </>
        )}
      </div>
    </section>
  );
}
