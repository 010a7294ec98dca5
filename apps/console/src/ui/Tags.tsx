/** Tags of an object, as short as they fit; all of them are in the tooltip. */
export const Tags = ({ tags }: { tags: readonly string[] }) =>
  tags.length === 0 ? null : (
    <span className="pv-tags" title={tags.join("\n")}>
      {tags.map((tag) => (
        <bdi key={tag} className="pv-tag">
          {tag}
        </bdi>
      ))}
    </span>
  );
