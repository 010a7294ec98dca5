/** Shift and Escape leave a console, which takes every other key: nobody is caught in it. */
export function leavesConsole(event: KeyboardEvent): boolean {
  if (event.key !== "Escape" || !event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.type === "keydown") {
    event.preventDefault();
    event.stopPropagation();
    document.querySelector<HTMLElement>("[data-console-tools] button")?.focus();
  }
  return true;
}
