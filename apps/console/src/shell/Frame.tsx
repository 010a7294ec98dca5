import { Outlet, useLocation } from "@tanstack/react-router";
import { Suspense } from "react";
import { Shell } from "./Shell.tsx";

/** What a page stands in: the shell, or nothing for what has a window of its own. */
export function Frame() {
  const { pathname } = useLocation();
  if (!pathname.startsWith("/window/")) return <Shell />;
  return (
    <Suspense fallback={null}>
      <Outlet />
    </Suspense>
  );
}
