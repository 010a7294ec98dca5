import type { Request } from "@polyvisor/api";
import type { PlanInput } from "./planInput.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

/** Builds a template on the server's machine. */
export function planTemplateBuild(input: PlanInput & { request: Extract<Request, { do: "template.build" }> }): Work {
  const { template } = input.request;
  if (!input.recipes.includes(template))
    blocked("notFound", `there is no recipe for a template "${template}"; known are ${input.recipes.join(", ") || "none"}`);
  const work = new WorkBuilder();
  const again = input.templates.has(template);
  work.step({
    target: { kind: "template", name: template },
    action: { verb: "template.build", template },
    reasons: [again ? "it is built anew; VMs made of the former one keep what they have" : "it is not built yet"],
    after: [],
  });
  work.expect.push(`the template ${template} can be used`);
  return work.done(`build the template ${template}`, input.reason);
}
