import { formatBytes, formatDuration, stateWords } from "@polyvisor/model";
import type { SimVm } from "../simVm.ts";
import { point } from "./glyphs.ts";

export const screenWidth = 640;
export const screenHeight = 400;
const scale = 3;
const cell = { width: 4 * scale, height: 7 * scale };
const columns = Math.floor(screenWidth / cell.width) - 2;

/** Colours by state: alive is dark blue, asleep and paused are grey. */
const background = (vm: SimVm): [number, number, number] =>
  vm.state === "running" || vm.state === "blocked" ? [16, 32, 72] : vm.state === "shuttingDown" ? [72, 40, 16] : [48, 48, 48];

/** The guest's screen as 8-bit RGB: who it is, how it is, and what was typed. */
export function drawScreen(vm: SimVm, now: number, typed: string): { width: number; height: number; pixels: Uint8Array } {
  const pixels = new Uint8Array(screenWidth * screenHeight * 3);
  const [r, g, b] = background(vm);
  for (let i = 0; i < pixels.length; i += 3) {
    pixels[i] = r;
    pixels[i + 1] = g;
    pixels[i + 2] = b;
  }
  const lines = [
    vm.name,
    vm.os ?? "simulated guest",
    `${stateWords[vm.state].split(" (")[0]} - up ${formatDuration(vm.meter.read(now).seconds)}`,
    `${vm.live?.vcpus.current ?? 0} vcpus  ${formatBytes(vm.live?.memory.current ?? 0)}`,
    "",
    "this guest is simulated. type:",
    "",
    `> ${typed}_`,
  ];
  lines.forEach((line, i) => drawText(pixels, line.length > columns ? line.slice(-columns) : line, cell.width, cell.height * (i + 2)));
  return { width: screenWidth, height: screenHeight, pixels };
}

function drawText(pixels: Uint8Array, text: string, left: number, top: number): void {
  [...text].forEach((character, i) => {
    for (let y = 0; y < 5 * scale; y++) {
      for (let x = 0; x < 3 * scale; x++) {
        if (!point(character, Math.floor(x / scale), Math.floor(y / scale))) continue;
        const at = ((top + y) * screenWidth + left + i * cell.width + x) * 3;
        pixels.fill(230, at, at + 3);
      }
    }
  });
}
