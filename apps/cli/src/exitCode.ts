/** What the process says when it ends. Documented in docs/guide/cli.md; never changed. */
export const exitCodes = {
  ok: 0,
  /** Something failed: at a hypervisor, in the server, or for some of several items. */
  failed: 1,
  /** The command line, a file or a value in it is not understood, or a question needs `--yes`. */
  usage: 2,
  /** No such object, or the name fits several. */
  notFound: 3,
  /** Not signed in, or not allowed. */
  notAllowed: 4,
  /** No server there, or it is starting or stopping. */
  unreachable: 5,
  /** Refused before anything was done: state, feature, pre-check, conflict, room. */
  refused: 6,
  /** Ended by Ctrl-C; a task that was begun goes on. */
  interrupted: 130,
} as const;

const byProblem: Record<string, number> = {
  badRequest: 2,
  badUri: 2,
  tooLarge: 2,
  unsupportedMedia: 2,
  methodNotAllowed: 2,
  notFound: 3,
  ambiguous: 3,
  notSignedIn: 4,
  wrongCredentials: 4,
  secondFactorNeeded: 4,
  forbidden: 4,
  starting: 5,
  storeUnavailable: 5,
  wrongState: 6,
  notSupported: 6,
  preCheckFailed: 6,
  conflict: 6,
  changedMeanwhile: 6,
  nameTaken: 6,
  inUse: 6,
  noSpace: 6,
  notEnoughMemory: 6,
};
/** The exit code for a problem's code of the error catalogue. */
export const exitCodeOf = (code: string): number => byProblem[code] ?? exitCodes.failed;
