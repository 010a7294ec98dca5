import encodeQR from "qr";

/** White modules around the code, as ISO/IEC 18004 asks for. */
const border = 4;

/** A QR code as one SVG path in modules, and how many modules wide the picture is. */
export function qrPath(text: string): { size: number; path: string } {
  const modules = encodeQR(text, "raw", { ecc: "medium", border });
  const path = modules.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join("");
  return { size: modules.length, path };
}
