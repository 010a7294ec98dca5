/** A name that somebody gave: of any script and direction, and never a piece of the page around it. */
export const Name = ({ children }: { children: string }) => <bdi className="pv-name">{children}</bdi>;
