import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useNavigate } from "@tanstack/react-router";
import { useState, useSyncExternalStore } from "react";
import { usePermissions } from "../actions/usePermissions.ts";
import { live } from "../live/live.ts";
import type { TaskHead } from "../live/liveObject.ts";
import { api, session } from "../session/session.ts";
import { tellFailure } from "../shell/toasts.ts";
import { useTexts } from "../texts/texts.ts";
import { ReasonButton } from "../ui/ReasonButton.tsx";
import { follow } from "./startTask.ts";
import { isOpen } from "./taskFeed.ts";

/** Cancel while it is not over; do again afterwards what it did not do. */
export function TaskButtons({ task, open = false }: { task: TaskHead; /** Goes to the new task. */ open?: boolean }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const state = useSyncExternalStore(session.subscribe, session.state);
  const permissions = usePermissions(undefined);
  const [busy, setBusy] = useState(false);
  const mine = "account" in state && state.account.name === task.by;
  const work = (what: () => Promise<void>): void => {
    setBusy(true);
    tellFailure(what().finally(() => setBusy(false)));
  };
  const cancel = async (): Promise<void> => live.put([await api.call("taskCancel", { params: { id: task.id } })]);
  const retry = async (): Promise<void> => {
    const again = await api.call("taskRetry", { params: { id: task.id } });
    live.put([again]);
    follow(again.id);
    if (open) await navigate({ to: `/tasks/${again.id}` as "/" });
  };
  if (isOpen(task)) {
    const reason = task.cancelRequested
      ? t("tasks.cancelAsked")
      : !mine && permissions && !permissions.includes("task.cancel")
        ? t("actions.noPermission", { permission: "task.cancel" })
        : undefined;
    return (
      <ReasonButton size="sm" variant="secondary" reason={reason} isDisabled={busy} onClick={() => work(cancel)}>
        {t("tasks.cancel")}
      </ReasonButton>
    );
  }
  if (task.state === "succeeded") return null;
  return (
    <Button size="sm" variant="secondary" isDisabled={busy} onClick={() => work(retry)}>
      {t("tasks.retry")}
    </Button>
  );
}
