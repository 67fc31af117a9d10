"""The benchmarks run, every request is answered, all peers agree, and the figures fit together.

No figure is compared with a wanted one: this machine may be busy.
"""

import json
import os
import subprocess
import sys
import tempfile

BINARY = os.environ["POWERSHARE_BINARY"]


def bench(folder, *arguments):
    """The JSON on the last line; the command must end well and leave nothing behind."""
    done = subprocess.run([BINARY, "bench", *arguments, "--json"], capture_output=True, text=True,
                          timeout=300, env={**os.environ, "TMPDIR": folder})
    assert done.returncode == 0, f"bench {arguments}: exit {done.returncode}\n{done.stderr}\n{done.stdout}"
    assert os.listdir(folder) == [], f"bench {arguments} left {os.listdir(folder)}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def check_consensus(figures, peers, sign, signed_bytes):
    assert figures["peers"] == peers and figures["sign"] == sign and figures["durable"] is True
    assert figures["agreed"] is True and figures["unanswered"] == 0 and figures["refused"] == 0
    assert figures["requests"] > 0 and figures["requests_per_second"] > 0
    latencies = [figures[f"latency_ms_{name}"] for name in ("p50", "p95", "p99", "p999")]
    assert latencies == sorted(latencies) and latencies[0] > 0, latencies
    # The primary sends each request to every other peer, whatever else is sent.
    assert figures["bytes_per_request"] > signed_bytes * (peers - 1) * 0.8, figures["bytes_per_request"]
    assert figures["cpu_seconds_per_request"] > 0 and figures["log_commits_per_second"] > 0
    assert figures["fdatasync_ms_p50"] > 0 and figures["verifies_per_second_per_core"] > 1000
    if sign == "none":
        assert figures["crypto_ceiling_per_second"] is None
    else:
        share = figures["requests_per_second"] / figures["crypto_ceiling_per_second"]
        assert abs(figures["share_of_crypto_ceiling"] - share) < 1e-6 * share


def check_settlement(figures):
    assert figures["ok"] is True
    for kind, count in (("transfers", "transactions"), ("readings", "readings")):
        part = figures[kind]
        assert part["rejected"] == 0 and part[count] > 0 and part["blocks"] > 0, (kind, part)
        assert abs(part[f"{count}_per_second"] * part["seconds"] - part[count]) < 1, (kind, part)
        assert 0 < part["apply_seconds"] + part["commit_seconds"] <= part["seconds"], (kind, part)


def main():
    with tempfile.TemporaryDirectory(prefix="powershare-bench-smoke-") as folder:
        common = ("--seconds", "2", "--clients", "8", "--outstanding", "4")
        check_consensus(bench(folder, "consensus", *common), 4, "each", 256 + 112)
        check_consensus(bench(folder, "consensus", *common, "--sign", "batch:10"), 4, "batch:10", 256)
        check_consensus(bench(folder, "consensus", *common, "--sign", "none", "--peers", "7", "--rate", "200"),
                        7, "none", 256)
        check_settlement(bench(folder, "settlement", "--seconds", "2"))
    print("the benchmarks run and their figures fit together")


if __name__ == "__main__":
    sys.exit(main())
