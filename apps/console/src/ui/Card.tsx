import { useId, type ReactNode } from "react";

/** A part of a page with its heading. */
export function Card({ title, action, children, wide = false }: { title: string; action?: ReactNode; children: ReactNode; wide?: boolean }) {
  const id = useId();
  return (
    <section className="pv-card" data-wide={wide} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {action}
      </header>
      {children}
    </section>
  );
}
