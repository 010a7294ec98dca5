import { useQuery } from "@tanstack/react-query";
import { api } from "../session/session.ts";

/** What the caller may do on an object, or on the site; undefined until it is known, and then nothing is held back. */
export function usePermissions(object: string | undefined): readonly string[] | undefined {
  const { data } = useQuery({
    queryKey: ["permissions", object ?? "site"],
    queryFn: async () => (await api.call("permissionEffective", { query: object === undefined ? {} : { object } })).permissions,
  });
  return data;
}
