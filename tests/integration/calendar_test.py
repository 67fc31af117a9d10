"""`powershare calendar` against Python's own reader of tzdata, hour by hour."""

import json
import os
import subprocess
import sys
from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

POWERSHARE = os.environ["POWERSHARE_BINARY"]
ZONES = ("Atlantic/Madeira", "Europe/Lisbon", "Atlantic/Azores", "Asia/Kolkata", "America/Sao_Paulo", "Africa/Casablanca")


def run(*arguments):
    return subprocess.run([POWERSHARE, "calendar", *arguments], capture_output=True, text=True, check=False)


def calendar(zone, first, last):
    done = run("--zone", zone, "--from", str(first), "--to", str(last), "--json")
    assert done.returncode == 0, done.stderr
    payload = json.loads(done.stdout)
    assert payload["type"] == "SetCalendar" and payload["zone"] == zone, payload
    return [(datetime.fromisoformat(o["from"].replace("Z", "+00:00")), o["minutes"]) for o in payload["offsets"]]


def check_zone(zone, first, last):
    offsets = calendar(zone, first, last)
    starts = [start for start, _ in offsets]
    assert starts == sorted(set(starts)), offsets
    local = ZoneInfo(zone)
    moment, end = datetime(first, 1, 1, tzinfo=timezone.utc), datetime(last + 1, 1, 1, tzinfo=timezone.utc)
    while moment < end:
        minutes = offsets[bisect_right(starts, moment) - 1][1]
        expected = moment.astimezone(local).utcoffset() // timedelta(minutes=1)
        assert minutes == expected, (zone, moment, minutes, expected)
        moment += timedelta(hours=1)


def main():
    for zone in ZONES:
        check_zone(zone, 2018, 2026)
    changes = [start.isoformat() for start, _ in calendar("Atlantic/Madeira", 2021, 2021)]
    assert changes == ["2021-01-01T00:00:00+00:00", "2021-03-28T01:00:00+00:00", "2021-10-31T01:00:00+00:00"], changes
    assert "from 2021-03-28T01:00:00Z  +60 min" in run("--from", "2021", "--to", "2021").stdout
    for wrong, code in ((("--zone", "No/Where"), 69), (("--zone", "/etc/passwd"), 64), (("--from", "1969"), 64)):
        done = run(*wrong)
        assert done.returncode == code and done.stderr.startswith("powershare: "), (wrong, done)
    return 0


if __name__ == "__main__":
    sys.exit(main())
