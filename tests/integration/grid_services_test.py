"""`powershare market flexibility`, `curtail` and `dispatch` on the examples of docs/grid-services.md, and what is wrong with a file."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import ed25519

PROGRAM = os.environ.get("POWERSHARE_BINARY") or sys.argv[1]
EXAMPLES = pathlib.Path(__file__).parent / "grid_services"


def run(command, document, *options):
    text = document if isinstance(document, str) else json.dumps(document)
    done = subprocess.run([PROGRAM, "market", command, *options], input=text, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def answer(command, document, *options):
    code, out, errors = run(command, document, *options)
    assert code == 0 and out.count("\n") == 1, (code, errors)
    assert ("--json" in options) == (errors == ""), errors
    return json.loads(out)


def check_flexibility(folder):
    document = example("flexibility")
    result = answer("flexibility", document)
    assert result["energy"] == "3.5" and result["missing"] == "0", result
    # battery-2 has room for 0.95 kWh behind its losses, battery-3 gives what is above its reserve, less losses.
    assert [(call["offer"], call["energy"]) for call in result["down"]] == [("take-2", "1"), ("take-1", "2.5")], result
    assert [(call["offer"], call["energy"]) for call in result["up"]] == [("give-3", "2.85"), ("give-4", "0.65")], result
    records = {record["offer"]: record for record in result["records"]}
    assert [record["offer"] for record in result["records"]] == ["take-2", "take-1", "give-3", "give-4"], records
    assert (records["take-2"]["delivered"], records["take-2"]["amount"]) == ("0.7", "0.014"), records
    assert (records["take-1"]["baseline"], records["take-1"]["delivered"], records["take-1"]["amount"]) == ("0.3", "2.5", "0.125")
    assert (records["give-3"]["delivered"], records["give-3"]["amount"]) == ("2.85", "0.285"), records
    assert (records["give-4"]["delivered"], records["give-4"]["amount"]) == ("0.25", "0.03"), records
    assert "signature" not in records["give-4"] and "public_key" not in result
    check_signatures(folder, document)
    document.pop("meters")
    assert "records" not in answer("flexibility", document, "--json")
    document["request"]["energy"] = "100"
    limited = answer("flexibility", document)
    # 1 kWh of take-2, then take-1 with its 3 kW: 4 kWh down; as much up.
    assert limited["energy"] == "4" and limited["missing"] == "96", limited
    document["request"]["most"] = "0.12"
    assert answer("flexibility", document)["energy"] == "1"


def statement_of(record):
    """The bytes that are signed, made here from the record alone."""
    def text(value):
        return len(value).to_bytes(4, "big") + value.encode()

    def nano(value):
        sign, value = (-1, value[1:]) if value.startswith("-") else (1, value)
        whole, _, decimals = value.partition(".")
        return (sign * int(whole + decimals.ljust(9, "0"))).to_bytes(8, "big", signed=True)

    def time(value):
        from datetime import datetime
        return round(datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp() * 1000).to_bytes(8, "big", signed=True)

    return (b"powershare/flexibility/1" + text(record["request"]) + text(record["offer"]) + text(record["participant"])
            + text(record["region"]) + (b"\1" if record["direction"] == "up" else b"\2") + time(record["from"]) + time(record["to"])
            + b"".join(nano(record[name]) for name in ("called", "baseline", "metered", "delivered", "price", "amount")))


def check_signatures(folder, document):
    made = subprocess.run([PROGRAM, "keys", "--folder", str(folder), "--meter", "operator"], capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    key = folder / "operator.key"
    result = answer("flexibility", document, "--key", str(key))
    seed = bytes.fromhex(key.read_text().strip())
    assert result["public_key"] == ed25519.public_key(seed).hex(), result["public_key"]
    for record in result["records"]:
        assert record["signature"] == ed25519.sign(seed, statement_of(record)).hex(), record
    assert run("flexibility", document, "--key", str(folder / "nobody.key"))[0] == 64


def check_curtailment():
    result = answer("curtail", example("curtailment"))
    chosen = [slot["curtailed"] for slot in result["slots"]]
    # roof-2 had given a quarter of its potential before: it is spared until the others have given more.
    assert chosen == [{"roof-1": "1", "roof-3": "0.5"}, {"roof-2": "1"}, {"roof-3": "1"},
                      {"roof-1": "1", "roof-2": "1", "roof-3": "1"}], chosen
    assert result["slots"][3]["missing"] == "1", result
    for plant in result["plants"]:
        given = sum(float(slot.get(plant["id"], 0)) for slot in chosen)
        before = 3 if plant["id"] == "roof-2" else 0
        assert abs(float(plant["curtailed"]) - given - before) < 1e-9, plant
    # The answer's plants are the next call's.
    again = answer("curtail", {"plants": result["plants"], "slots": []})
    assert again["plants"] == result["plants"]


def check_dispatch():
    result = answer("dispatch", example("dispatch"))
    slots = result["slots"]
    assert [slot["batteries"] for slot in slots] == [1, 1, 2, 4, 2, 1], slots
    assert slots[0]["shares"] == {"battery-3": "1"} and slots[0]["loss"] == "0.08", slots
    assert all(slot["missing"] == "0" for slot in slots)
    for slot in slots:
        assert abs(sum(map(float, slot["shares"].values())) - float(slot["power"])) < 1e-9, slot
    assert all(1 <= float(stored) <= 10 for stored in result["stored"].values())


def check_faults():
    def faulty(command, name, change, sentence):
        document = example(name)
        change(document)
        code, _, errors = run(command, document)
        assert code == 65 and sentence in errors, (code, errors)

    faulty("flexibility", "flexibility", lambda d: d["offers"][0].update(store="none"), "offers entry 1 names no store of the document: none")
    faulty("flexibility", "flexibility", lambda d: d["offers"][1].update(direction="left"), "offers entry 2 direction is neither up nor down")
    faulty("flexibility", "flexibility", lambda d: d["stores"][1].update(stored="9"), "store battery-2: stored lies between 0 and most")
    faulty("flexibility", "flexibility", lambda d: d["meters"].pop(), "meters lack the called offer give-4")
    faulty("flexibility", "flexibility", lambda d: d.pop("request"), "lacks request")
    faulty("flexibility", "flexibility", lambda d: d["request"].update({"from": "noon"}), "request from")
    faulty("curtail", "curtailment", lambda d: d["slots"][0]["potentials"].update(barn="1"), "slots entry 1 names no plant of the document: barn")
    faulty("curtail", "curtailment", lambda d: d["plants"][0].update(curtailed="1"), "curtailed lies between 0 and potential")
    faulty("dispatch", "dispatch", lambda d: d["batteries"][0].update(power="0"), "power is above 0")
    faulty("dispatch", "dispatch", lambda d: d.update(powers=["x"]), "an entry of powers is neither a decimal number")
    faulty("dispatch", "dispatch", lambda d: d.update(colour=1), "unknown field colour")
    for command in ("flexibility", "curtail", "dispatch"):
        assert run(command, "[]")[0] == 65 and run(command, "{")[0] == 65
        assert run(command, "", "--file", "/nowhere.json")[0] == 64


with tempfile.TemporaryDirectory() as name:
    check_flexibility(pathlib.Path(name))
check_curtailment()
check_dispatch()
check_faults()
print("ok")
