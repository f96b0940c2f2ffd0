/** How often the elapsed time is told while the phrase stays the same. */
const REPEAT_MS = 5000;

/** Turns phrases into details with the time since the first: "downloading pyspark 3.5.7 (317 MB), 41 s". */
export function elapsedDetail(onDetail: (detail: string) => void): {
  say(phrase: string): void;
  end(): void;
} {
  const startedMs = performance.now();
  let current: string | undefined;
  const tell = () => onDetail(`${current}, ${Math.round((performance.now() - startedMs) / 1000)} s`);
  let timer: NodeJS.Timeout | undefined;
  return {
    say(phrase) {
      if (phrase === current) return;
      current = phrase;
      tell();
      clearInterval(timer);
      timer = setInterval(tell, REPEAT_MS).unref();
    },
    end: () => clearInterval(timer),
  };
}
