/** Letters of three by five points, drawn for this screen: five rows of three bits each, the leftmost the highest. */
const rows: Record<string, string> = {
  A: "25755", B: "65656", C: "34443", D: "65556", E: "74647", F: "74644", G: "34553", H: "55755", I: "72227", J: "11152", K: "55655", L: "44447", M: "57755", N: "65555", O: "25552", P: "65644", Q: "25563", R: "65655", S: "34216", T: "72222", U: "55557", V: "55552", W: "55775", X: "55255", Y: "55222", Z: "71247",
  0: "75557", 1: "26227", 2: "71747", 3: "71717", 4: "55711", 5: "74717", 6: "74757", 7: "71122", 8: "75757", 9: "75717",
  ".": "00002", ",": "00024", ":": "02020", "-": "00700", "_": "00007", "/": "11244", "(": "12221", ")": "42224", "#": "57575", "'": "22000", "+": "02720", "=": "07070", "?": "71202", "!": "22202", "%": "51245", "*": "05250", ">": "42124", "<": "12421",
};

/** Whether the point at (x, y) of a character is set; unknown characters are a box. */
export function point(character: string, x: number, y: number): boolean {
  if (character === " ") return false;
  const row = Number((rows[character.toUpperCase()] ?? "75557")[y]);
  return ((row >> (2 - x)) & 1) === 1;
}
