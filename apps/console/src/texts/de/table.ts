import type { Texts } from "../shape.ts";

export const table: Texts["table"] = {
  reading: "Wird gelesen …",
  count_one: "{{count}} Objekt",
  count_other: "{{count}} Objekte",
  choose: "Diese Zeile wählen",
  chooseAll: "Alle wählen",
  chosen_one: "{{count}} gewählt",
  chosen_other: "{{count}} gewählt",
  clear: "Auswahl aufheben",
  bulk: "Mit den gewählten",
  columns: "Spalten",
  filter: "Filter",
  filterClear: "Filter leeren",
  filterOffers: "Was folgen kann",
  filterHint: {
    vm: "Ein Wort, oder: state = running and tag = web",
    host: "Ein Wort, oder: state = connected and cpus > 16",
    datastore: "Ein Wort, oder: use > 80%",
    network: "Ein Wort, oder: dhcp = true",
  },
  meant: "meinten Sie {{text}}?",
  nothingFits: "Nichts passt zu diesem Filter",
};
