import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton";
import type { ReactNode } from "react";
import type { UseQueryResult } from "@tanstack/react-query";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "./Failure.tsx";

/** What was asked of the server, or that it is being read, or why it could not be. What was read before stays beside a failure. */
export function Answered<T>({ of, children }: { of: UseQueryResult<T>; children: (answer: T) => ReactNode }) {
  const { t } = useTexts();
  return (
    <>
      {of.error !== null && <Failure error={of.error} retry={() => void of.refetch()} />}
      {of.data !== undefined ? children(of.data) : of.error === null && <Skeleton width="60%" screenreaderText={t("table.reading")} />}
    </>
  );
}
