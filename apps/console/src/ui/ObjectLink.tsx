import type { EstateKind } from "../live/liveObject.ts";
import { objectPath } from "../routes/links.ts";
import { ConsoleLink } from "./ConsoleLink.tsx";
import { Name } from "./Name.tsx";

/** An object's name, which leads to its page. */
export const ObjectLink = ({ object }: { object: { kind: EstateKind; id: string; name: string } }) => (
  <ConsoleLink to={objectPath(object.kind, object.id)} title={object.name} tabIndex={-1}>
    <Name>{object.name}</Name>
  </ConsoleLink>
);
