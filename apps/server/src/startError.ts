/** A reason why the server cannot start that its operator can remove; printed as a paragraph, exit status 2. */
export class StartError extends Error {
  constructor(problem: string, remedy: string, options?: ErrorOptions) {
    super(`${problem}\n${remedy}`, options);
    this.name = "StartError";
  }
}
