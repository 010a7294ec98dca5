import type { VerbHandlers } from "./actionTools.ts";
import { keyCode } from "./keyCodes.ts";

/** libvirt's number of the Linux key codes. */
const linuxCodes = 0;

export const sendKeysAction: Pick<VerbHandlers, "vm.sendKeys"> = {
  "vm.sendKeys": {
    async run({ session }, { vm, keys, holdMs }) {
      const keycodes = keys.map((key, i) => keyCode(key, `/keys/${i}`));
      const dom = await session.vm(vm);
      await session.call.domainSendKey({ dom, codeset: linuxCodes, holdtime: holdMs, keycodes });
      return { message: `${keys.join("+")} sent` };
    },
  },
};
