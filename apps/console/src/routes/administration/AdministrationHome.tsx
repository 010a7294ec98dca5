import { Navigate } from "@tanstack/react-router";
import { usePermissions } from "../../actions/usePermissions.ts";
import { administrationAreas } from "./areas.ts";

/** The first area that one may see something of. */
export default function AdministrationHome() {
  const permissions = usePermissions(undefined);
  if (permissions === undefined) return null;
  const first = administrationAreas.find(({ needs }) => needs === undefined || permissions.includes(needs))!;
  return <Navigate to={first.path as "/"} replace />;
}
