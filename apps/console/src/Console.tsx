import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState, useSyncExternalStore } from "react";
import { queries } from "./live/queries.ts";
import { router } from "./routes/router.tsx";
import { session } from "./session/session.ts";
import { codeInAddress, signInByAddress } from "./session/signIn.ts";
import { SignInAgain } from "./session/SignInAgain.tsx";
import { SignInPage } from "./session/SignInPage.tsx";
import { Unreachable } from "./session/Unreachable.tsx";

/** The console: the sign-in page, or everything else. */
export function Console() {
  const state = useSyncExternalStore(session.subscribe, session.state);
  const [failure, setFailure] = useState<unknown>();
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const code = codeInAddress();
    setFailure(undefined);
    const enter = code === undefined ? session.ask() : signInByAddress(code).catch((error: unknown) => session.ask().then(() => setFailure(error)));
    enter.catch(setFailure);
    // A link that is opened in a page that is here already changes what is behind the # only.
    const again = (): void => setAttempt((n) => n + 1);
    addEventListener("hashchange", again);
    return () => removeEventListener("hashchange", again);
  }, [attempt]);

  if (state.is === "asking") return failure === undefined ? null : <Unreachable error={failure} retry={() => setAttempt(attempt + 1)} />;
  if (state.is === "out") return <SignInPage failure={failure} />;
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
      {state.is === "expired" && <SignInAgain account={state.account} />}
    </QueryClientProvider>
  );
}
