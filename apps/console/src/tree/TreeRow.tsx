import AngleRightIcon from "@patternfly/react-icons/dist/esm/icons/angle-right-icon";
import ClusterIcon from "@patternfly/react-icons/dist/esm/icons/cluster-icon";
import DatabaseIcon from "@patternfly/react-icons/dist/esm/icons/database-icon";
import FolderIcon from "@patternfly/react-icons/dist/esm/icons/folder-icon";
import NetworkIcon from "@patternfly/react-icons/dist/esm/icons/network-icon";
import ServerIcon from "@patternfly/react-icons/dist/esm/icons/server-icon";
import TagIcon from "@patternfly/react-icons/dist/esm/icons/tag-icon";
import { useLocation } from "@tanstack/react-router";
import type { ComponentType } from "react";
import type { LiveObject } from "../live/liveObject.ts";
import { useRow } from "../live/useLive.ts";
import { objectPath, useTab } from "../routes/links.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Name } from "../ui/Name.tsx";
import { ActivityMark, ConnectionMark, StateMark } from "../ui/StateMark.tsx";
import type { TreeLine } from "./treeModel.ts";

const icons: Record<string, ComponentType | undefined> = { site: ClusterIcon, folder: FolderIcon, tag: TagIcon, network: NetworkIcon, datastore: DatabaseIcon };

interface Props {
  line: TreeLine;
  index: number;
  start: number;
  height: number;
  isActive: boolean;
  fold: (key: string) => void;
  activate: (index: number) => void;
}

/** One line of the tree. */
export function TreeRow({ line, index, start, height, isActive, fold, activate }: Props) {
  const { t } = useTexts();
  const { pathname } = useLocation();
  const tab = useTab();
  const object = useRow(line.is === "object" ? line.id : undefined) as LiveObject | undefined;
  const expandable = "expandable" in line && line.expandable;
  const open = "open" in line && line.open;
  const to = line.is === "branch" ? line.branch.to : line.is === "object" && line.id !== undefined ? objectPath(line.kind, line.id, tab) : undefined;
  const chosen = line.is === "object" && line.id !== undefined && pathname.startsWith(objectPath(line.kind, line.id));
  const Icon = line.is === "branch" ? icons[line.branch.icon] : undefined;
  return (
    <div
      id={`tree-${index}`}
      role="treeitem"
      aria-level={line.depth + 1}
      aria-expanded={expandable ? open : undefined}
      aria-selected={chosen}
      className="pv-tree__row"
      data-active={isActive}
      data-chosen={chosen}
      style={{ transform: `translateY(${start}px)`, height, paddingInlineStart: `${8 + line.depth * 14}px` }}
      onClick={() => activate(index)}
    >
      {expandable ? (
        <button
          type="button"
          tabIndex={-1}
          className="pv-tree__fold"
          data-open={open}
          aria-label={open ? t("tree.fold") : t("tree.unfold")}
          onClick={() => fold(line.key)}
        >
          <AngleRightIcon />
        </button>
      ) : (
        <span className="pv-tree__fold" />
      )}
      {Icon && (
        <span className="pv-tree__icon">
          <Icon />
        </span>
      )}
      {object?.kind === "vm" && <StateMark state={object.state} bare />}
      {object?.kind === "host" && (
        <>
          <span className="pv-tree__icon">
            <ServerIcon />
          </span>
          {object.connection.state !== "connected" && <ConnectionMark state={object.connection.state} bare />}
        </>
      )}
      {(object?.kind === "datastore" || object?.kind === "network") && <ActivityMark active={object.active} bare />}
      {line.is === "reading" || line.is === "failed" ? (
        <span className="pv-quiet">{line.is === "reading" ? t("table.reading") : t("shell.failed")}</span>
      ) : to !== undefined ? (
        <ConsoleLink to={to} tabIndex={-1}>
          <Name>{line.is === "branch" ? line.branch.text : object && "name" in object ? object.name : "…"}</Name>
        </ConsoleLink>
      ) : (
        <span className="pv-waits" />
      )}
    </div>
  );
}
