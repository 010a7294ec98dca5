import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Frame } from "../shell/Frame.tsx";
import { NotFound } from "../shell/NotFound.tsx";
import { PageFailure } from "../shell/PageFailure.tsx";
import { pages } from "./pages.ts";
import { patient } from "../session/patient.ts";

const root = createRootRoute({ component: Frame, notFoundComponent: NotFound, errorComponent: PageFailure as never });
const start = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/vms" });
  },
});
const routes = pages.map(({ path, load }) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(patient(load)), errorComponent: PageFailure as never }),
);

/** Paths, as the address bar has them. What is in the query stays as it was written: a filter is a text. */
export const router = createRouter({
  routeTree: root.addChildren([start, ...routes]),
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  scrollRestoration: false,
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const out = new URLSearchParams();
    for (const [name, value] of Object.entries(search)) if (value !== undefined && value !== "") out.set(name, String(value));
    const text = out.toString();
    return text === "" ? "" : `?${text}`;
  },
});
