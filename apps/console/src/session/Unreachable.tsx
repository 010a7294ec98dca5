import { Failure } from "../ui/Failure.tsx";

/** The server does not answer, and nothing is known yet. */
export function Unreachable({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <main className="pv-alone">
      <Failure error={error} retry={retry} />
    </main>
  );
}
