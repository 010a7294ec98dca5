import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Name } from "../ui/Name.tsx";
import { originText } from "./originText.ts";

/** Who did something, from where, and by which task. */
export function ChangeFacts({ by, origin, taskId }: { by?: string | undefined; origin?: string | undefined; taskId?: string | undefined }) {
  const { t } = useTexts();
  return (
    <>
      {by !== undefined && (
        <strong>
          <Name>{by}</Name>
        </strong>
      )}
      {by !== undefined && origin !== undefined && ", "}
      {originText(origin, t)}
      {taskId !== undefined && (
        <>
          {" · "}
          <ConsoleLink to={`/tasks/${taskId}`}>{t("events.itsTask")}</ConsoleLink>
        </>
      )}
    </>
  );
}
