import { ApiError } from "@polyvisor/api/client";
import { t } from "../texts/texts.ts";

/** An error as an operator reads it. */
export interface FailureText {
  title: string;
  detail: string;
  remedy: string | undefined;
}

/** What to show of anything that was thrown: the server's own words where it answered, else that it did not. */
export function failureText(error: unknown): FailureText {
  if (error instanceof ApiError) {
    const { title, detail, remedy } = error.problem;
    return { title, detail: sentence(detail), remedy };
  }
  if (error instanceof TypeError) return { title: t("shell.unreachable"), detail: t("shell.unreachableDetail"), remedy: t("shell.unreachableRemedy") };
  return { title: t("shell.failed"), detail: error instanceof Error ? error.message : String(error), remedy: undefined };
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
