import { useObject } from "../live/useLive.ts";
import { objectPath } from "../routes/links.ts";
import { ConsoleLink } from "./ConsoleLink.tsx";
import { Name } from "./Name.tsx";

/** The host of something, as a link; its id for who may not see it. */
export function HostName({ id }: { id: string }) {
  const known = useObject("host", id);
  const name = known.state === "here" ? known.object.name : known.state === "gone" ? (known.last?.name ?? id) : known.state === "failed" ? id : "";
  return (
    <ConsoleLink to={objectPath("host", id)}>
      <Name>{name}</Name>
    </ConsoleLink>
  );
}
