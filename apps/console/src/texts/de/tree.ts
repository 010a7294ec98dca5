import type { Texts } from "../shape.ts";

export const tree: Texts["tree"] = {
  label: "Bestand",
  search: "Suchen",
  grouping: "Ordnen nach",
  byHost: "Hosts",
  byFolder: "Ordner",
  byTag: "Tags",
  byNetwork: "Netze",
  byDatastore: "Datastores",
  site: "Standort",
  noFolder: "In keinem Ordner",
  nothing: "Nichts gefunden",
  fold: "Zuklappen",
  unfold: "Aufklappen",
  toggle: "Baum zeigen oder verbergen",
  width: "Breite des Baums",
};
