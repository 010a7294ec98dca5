import { change } from "../change.ts";
import type { Run } from "../command.ts";
import { showList } from "../listing.ts";
import { bytesText } from "../output/quantity.ts";

/** `template list`. */
export const list: Run = async (context) => {
  const { items } = await (await context.client()).call("templateList");
  await showList(
    context,
    items,
    [
      { title: "NAME", text: (template) => template.name, whole: true },
      { title: "BUILT", text: (template) => (template.built ? "yes" : "no"), colour: (template) => (template.built ? "green" : "grey") },
      { title: "VERSION", text: (template) => template.version },
      { title: "SIZE", text: (template) => (template.size === undefined ? undefined : bytesText(template.size)), figures: true },
      { title: "DESCRIPTION", text: (template) => template.description },
    ],
    { name: (template) => template.name, empty: "There is no template." },
  );
};

/** `template build NAME`. */
export const build: Run = (context) => change(context, { do: "template.build", template: context.words[0]! });
