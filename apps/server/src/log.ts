import { pino, type Logger } from "pino";
import { LogRooms } from "./logRooms.ts";
import { RecentLines } from "./recentLines.ts";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * The server's log: one JSON object a line on standard error, written before the call returns so that a crash loses
 * none. What may carry a secret is struck out even where someone logs a whole request by mistake.
 */
export function makeLog(level: LogLevel): Logger {
  const stderr = pino.destination({ dest: 2, sync: true });
  const recent = new RecentLines();
  const log = pino(
    {
      level,
      base: null, // process and machine are what the journal adds
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          "password",
          "passPhrase",
          "token",
          "code",
          "credential",
          "authorization",
          "*.password",
          "*.passPhrase",
          "*.credential",
          "*.authorization",
          "*.headers",
          "headers",
        ],
        censor: "(left out)",
      },
      serializers: { err: errorFields },
    },
    {
      write(line: string) {
        stderr.write(line);
        recent.add(line);
      },
    },
  );
  new LogRooms(log);
  recent.of(log);
  return log;
}

/** An error with its causes, and without the rows and parameters that a driver's error may carry. */
function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, where } = error as NodeJS.ErrnoException & { where?: string };
  return {
    type: error.name,
    message: error.message,
    code,
    where,
    stack: error.stack,
    cause: error.cause !== undefined && depth < 4 ? errorFields(error.cause, depth + 1) : undefined,
  };
}
