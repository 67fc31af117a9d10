"""Far more requests than the machine can order, which others keep busy besides: a benchmark with thousands of requests
under way beside many processes that only burn CPU time. Orders may become few, but they go on, hardly a view is left,
nothing remains unanswered and all peers agree."""

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile

BINARY = os.environ["POWERSHARE_BINARY"]
LONG = bool(os.environ.get("POWERSHARE_LONG"))
ROUNDS = 5 if LONG else 1
SECONDS = 12
BURNERS_PER_CORE = 10
MOST_VIEWS = 3


def burn():
    while True:
        pass


def bench(folder, *arguments):
    done = subprocess.run([BINARY, "bench", "consensus", "--seconds", str(SECONDS), "--json", *arguments],
                          capture_output=True, text=True, timeout=900, env={**os.environ, "TMPDIR": folder})
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stderr}\n{done.stdout}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    burners = [multiprocessing.Process(target=burn, daemon=True)
               for _ in range(BURNERS_PER_CORE * os.cpu_count())]
    for burner in burners:
        burner.start()
    try:
        for _ in range(ROUNDS):
            for load in (("--clients", "64", "--outstanding", "32"), ("--clients", "200", "--outstanding", "40")):
                with tempfile.TemporaryDirectory(prefix="powershare-overload-") as folder:
                    figures = bench(folder, *load)
                told = {key: figures[key] for key in ("requests", "views", "idle_seconds", "sent_again", "refused",
                                                      "unanswered")}
                print(" ".join(load), told, flush=True)
                assert figures["agreed"] and figures["unanswered"] == 0, told
                assert figures["views"] <= MOST_VIEWS, told
                assert figures["requests"] > 0 and figures["idle_seconds"] < SECONDS / 2, told
    finally:
        for burner in burners:
            burner.terminate()
            burner.join()
    print("requests were ordered all the time, in hardly more than one view")


if __name__ == "__main__":
    sys.exit(main())
