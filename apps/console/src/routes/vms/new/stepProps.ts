import type { NewVm } from "./newVm.ts";

/** What each step of the wizard is given. */
export interface StepProps {
  vm: NewVm;
  set: (change: Partial<NewVm>) => void;
  /** What is wrong with a field, once somebody tried to go on. */
  help: (field: keyof NewVm) => string;
}
