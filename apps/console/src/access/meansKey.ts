import type { Permission } from "@polyvisor/model/tables";
import type { TextKey } from "../texts/texts.ts";

/** Name of the text that says what a permission means; a dot would divide it. */
export const meansKey = (permission: Permission): TextKey => `access.means.${permission.replace(".", "_")}` as TextKey;
