import { change } from "../change.ts";
import type { Run } from "../command.ts";
import { folderOf } from "./create.ts";
import { usageFailure } from "../failure.ts";
import { targetsOf } from "../targets.ts";

/** `rename VM NAME`. */
export const rename: Run = (context) => change(context, { do: "vm.rename", vms: [context.words[0]!], name: context.words[1]! });

/** `clone VM NAME`. */
export const clone: Run = (context) =>
  change(context, {
    do: "vm.clone",
    vm: context.words[0]!,
    name: context.words[1]!,
    start: context.options["start"] === true,
    ...folderOf(context.options),
  });

/** `migrate VM... HOST`, in the order of xl. */
export const migrate: Run = async (context) => {
  const { words, options } = context;
  if (words.length < 2) throw usageFailure("migrate needs VMs and, last, the host to move to.", "For example: polyvisor migrate web1 h2");
  if (options["live"] && options["offline"]) throw usageFailure("--live and --offline exclude each other.");
  const live = options["live"] ? true : options["offline"] ? false : undefined;
  return change(
    context,
    {
      do: "vm.migrate",
      ...targetsOf(words.slice(0, -1)),
      to: words.at(-1)!,
      ...(live === undefined ? {} : { live }),
      copyStorage: options["copyStorage"] === true,
    },
    "several",
  );
};
