import { Link } from "@tanstack/react-router";
import type { ComponentProps, ReactNode } from "react";

/** A link within the console. */
export function ConsoleLink({ to, children, ...rest }: { to: string; children: ReactNode } & Omit<ComponentProps<"a">, "href">) {
  const [path, query] = to.split("?", 2);
  const search = query === undefined ? {} : Object.fromEntries(new URLSearchParams(query));
  return (
    <Link to={path as "/"} search={search as never} {...(rest as object)}>
      {children}
    </Link>
  );
}
