"""`powershare sim`: the same seed gives the same run, figures come as JSON, and what cannot be done is refused."""

import json
import os
import subprocess
import sys

BINARY = os.environ["POWERSHARE_BINARY"]


def sim(*arguments):
    return subprocess.run([BINARY, "sim", *arguments], capture_output=True, text=True, timeout=300)


def summary(*arguments):
    run = sim(*arguments, "--json")
    line = json.loads(run.stdout.splitlines()[-1])
    assert run.returncode == (0 if line["ok"] else 1), (run.returncode, line)
    return line


def check_same_run_twice():
    first = summary("--seed", "7", "--steps", "2000", "--peers", "5")
    again = summary("--seed", "7", "--steps", "2000", "--peers", "5")
    other = summary("--seed", "8", "--steps", "2000", "--peers", "5")
    assert first["ok"], first["violation"]
    assert first["digest"] == again["digest"] and first["events"] == again["events"], (first, again)
    assert first["digest"] != other["digest"], other
    assert first["events"] >= 2000 and first["blocks"] > 0 and first["transactions"] > 0, first
    assert first["acknowledged"] > 0 and first["virtual_hours"] > 0, first


def check_faults_are_those_asked_for():
    crashed = summary("--seed", "3", "--steps", "4000", "--faults", "crashes,loss")
    assert crashed["faults"] == "loss,crashes" and crashed["crashes"] > 0, crashed
    assert set(crashed["faults_seen"]) <= {"crashes", "loss"}, crashed
    quiet = summary("--seed", "3", "--steps", "4000", "--faults", "none")
    assert quiet["crashes"] == 0 and not quiet["faults_seen"], quiet


def check_many_seeds_give_one_summary():
    many = summary("--seed", "11", "--seeds", "6", "--steps", "1000")
    assert many["seeds"] == 6 and many["events"] >= 6000 and many["ok"], many


def check_refusals():
    for arguments, words in ((("--faults", "byzantine"), "no Byzantine strategies"),
                             (("--faults", "loss,gremlins"), "unknown fault"),
                             (("--peers", "3"), "4 to 13"),
                             (("--steps", "0"), "at least 1")):
        run = sim(*arguments)
        assert run.returncode == 64, (arguments, run)
        assert words in run.stderr and run.stdout == "", (arguments, run)


def main():
    check_same_run_twice()
    check_faults_are_those_asked_for()
    check_many_seeds_give_one_summary()
    check_refusals()
    print("powershare sim: repeats itself, injects what is asked for, refuses what it cannot do")
    return 0


if __name__ == "__main__":
    sys.exit(main())
