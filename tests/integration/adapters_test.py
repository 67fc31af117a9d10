"""`powershare adapter` between real things: a mosquitto broker with Tasmota and Shelly devices, P1 lines over TCP and by file, and
an island. Whatever is killed meanwhile, the ledger gets what the registers counted: once, and exactly."""

import datetime
import decimal
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

from island import BINARY, Island, alive, audit, free_ports, skip, wait_for
from mqtt import Broker, Client

Decimal = decimal.Decimal
UTC = datetime.timezone.utc
MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
METERS = ("tasmota", "gen1", "gen2", "p1-tcp", "p1-file")
CET = datetime.timezone(datetime.timedelta(hours=1))  # what the P1 meters' clocks show: winter time all year


def crc16(content):
    crc = 0
    for byte in content:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def telegram(imported, exported, watts, good=True):
    """A P1 telegram of now; a damaged one has another register than its checksum says."""
    stamp = datetime.datetime.now(CET).strftime("%y%m%d%H%M%SW")
    low = imported - imported // 3
    lines = ["/ISK5\\2M550T-1012", "", "1-3:0.2.8(50)", f"0-0:1.0.0({stamp})", f"1-0:1.8.1({low:010.3f}*kWh)",
             f"1-0:1.8.2({imported - low:010.3f}*kWh)", f"1-0:2.8.1({exported:010.3f}*kWh)",
             "1-0:2.8.2(000000.000*kWh)", f"1-0:1.7.0({max(watts, 0) / 1000:06.3f}*kW)",
             f"1-0:2.7.0({max(-watts, 0) / 1000:06.3f}*kW)", "!"]
    content = "\r\n".join(lines).encode()
    checksum = f"{crc16(content):04X}\r\n".encode()
    return (content if good else content.replace(b"1.8.1(0", b"1.8.1(9")) + checksum


class Devices:
    """All registers, counting up while `running`; once a second each device says its own."""

    def __init__(self, port, folder, seed):
        self.random = random.Random(seed)
        self.registers = {meter: [Decimal(self.random.randrange(10**6, 10**9)) / 1000, Decimal(0)] for meter in METERS}
        self.first = {meter: tuple(values) for meter, values in self.registers.items()}
        self.port, self.file = port, folder / "p1.txt"
        self.file.touch()
        self.running = self.stopping = False
        self.lock = threading.Lock()
        self.mouth, self.lines, self.round = None, [], 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port + 2))
        self.listener.listen()
        self.threads = [threading.Thread(target=self.accept, daemon=True), threading.Thread(target=self.speak, daemon=True)]
        for thread in self.threads:
            thread.start()

    def accept(self):
        while True:
            try:
                line = self.listener.accept()[0]
            except OSError:
                return
            with self.lock:
                self.lines.append(line)

    def speak(self):
        while not self.stopping:
            with self.lock:
                self.round += 1
                if self.running:
                    for meter in METERS:
                        self.registers[meter][0] += Decimal(self.random.randrange(0, 10)) / 1000
                        self.registers[meter][1] += Decimal(self.random.randrange(0, 10)) / 1000
                self.say_over_mqtt()
                self.say_over_lines()
            time.sleep(1)

    def say_over_mqtt(self):
        try:
            if self.mouth is None:
                self.mouth = Client(self.port, f"devices-{self.round}")
            for topic, payload in self.messages():
                self.mouth.publish(topic, payload)
        except (OSError, AssertionError, ConnectionError):
            self.mouth = None  # the broker is gone; what nobody heard is in the registers

    def messages(self):
        imported, exported = self.registers["tasmota"]
        yield "tele/house/SENSOR", (f'{{"Time":"2026-11-30T12:00:00","ENERGY":{{"Total":{imported},"ExportActive":{exported},'
                                    f'"Power":-{self.round % 500}.5}}}}')
        yield "tele/house/STATE", '{"Uptime":"0T00:00:10"}'
        imported, exported = (value * 1000 for value in self.registers["gen1"])
        for channel in range(3):
            share = 2 * imported / 4 if channel == 0 else imported / 4
            back = exported if channel == 1 else Decimal(0)
            for what, value in (("power", 100 + channel), ("voltage", 230.1), ("total", share), ("total_returned", back)):
                yield f"shellies/em3-A1/emeter/{channel}/{what}", f"{value}"
        imported, exported = (value * 1000 for value in self.registers["gen2"])
        yield "pro3em-b8/status/em:0", '{"id":0,"total_act_power":431.7}'
        yield "pro3em-b8/status/emdata:0", f'{{"id":0,"total_act":{imported},"total_act_ret":{exported}}}'
        if self.round % 5 == 0:
            yield "tele/house/SENSOR", "no JSON"
            yield "pro3em-b8/status/emdata:0", '{"id":0,"total_act":-5}'

    def say_over_lines(self):
        said = telegram(*self.registers["p1-tcp"], self.round % 400)
        if self.round % 4 == 0:
            said = telegram(*self.registers["p1-tcp"], 0, good=False) + said[: len(said) // 2] + b"\r\n" + said
        for line in list(self.lines):
            try:
                line.sendall(said)
            except OSError:
                self.lines.remove(line)
        with open(self.file, "ab") as file:
            file.write(telegram(*self.registers["p1-file"], -(self.round % 300)))

    def run(self, running):
        with self.lock:
            self.running = running

    def close(self):
        self.stopping = True
        self.threads[1].join(10)
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for line in self.lines:
            line.close()
        if self.mouth:
            self.mouth.close()


class Box:
    """The adapter's process and its files."""

    def __init__(self, island, folder, port):
        self.island, self.folder, self.log, self.process = island, folder, folder / "adapter.log", None
        self.keys = {meter: self.make_key(meter) for meter in ("tasmota", "gen2", "p1-tcp")}
        (folder / "api.key").write_text(island.key + "\n")
        (folder / "broker.password").write_text("secret word\n")
        for name in ("api.key", "broker.password"):
            (folder / name).chmod(0o600)
        self.config = folder / "adapter.yaml"
        self.config.write_text(json.dumps({  # JSON is YAML
            "state": "adapter.state", "peers": [peer["http"] for peer in island.peers], "api_key_file": "api.key",
            "interval": "5s",
            "mqtt": {"host": "127.0.0.1", "port": port + 1, "ca_file": "ca.pem", "username": "box",
                     "password_file": "broker.password", "home_assistant": {}},
            "meters": [
                {"meter": "tasmota", "key": "tasmota.key", "tasmota": {"topic": "tele/house/SENSOR"}},
                {"meter": "gen1", "shelly_gen1": {"topic": "shellies/em3-A1", "channels": 3}},
                {"meter": "gen2", "key": "gen2.key", "shelly": {"topic": "pro3em-b8", "component": "em:0"}},
                {"meter": "p1-tcp", "key": "p1-tcp.key", "p1": {"host": "127.0.0.1", "port": port + 2}},
                {"meter": "p1-file", "p1": {"path": "p1.txt"}}]}))

    def make_key(self, meter):
        done = subprocess.run([BINARY, "keys", "--folder", self.folder, "--meter", meter], capture_output=True, text=True,
                              timeout=30)
        assert done.returncode == 0 and len(done.stdout.strip()) == 64, done
        return done.stdout.strip()

    def start(self):
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([BINARY, "adapter", "--config", self.config], stdout=log, stderr=log,
                                            env=self.island.environment)

    def kill(self):
        assert self.process.poll() is None, f"the adapter ended with {self.process.returncode}"
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.process.returncode

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def second_one_is_refused(self):
        done = subprocess.run([BINARY, "adapter", "--config", self.config], capture_output=True, text=True, timeout=30)
        assert done.returncode == 69 and "another adapter" in done.stderr, done


def make_certificates(folder):
    """A CA of one day, and the broker's certificate by it."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60, cwd=folder)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=test CA")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "broker.key", "-out",
            "broker.csr", "-subj", "/CN=broker")
    (folder / "broker.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile",
            "broker.ext", "-out", "broker.pem")


class Village:
    """Everything together; its methods are the acts of the test, in their order."""

    def __init__(self, island, folder, seed):
        self.island, self.folder = island, folder
        self.port = free_ports(3)
        make_certificates(folder)
        self.broker = Broker(MOSQUITTO, folder, self.port, "box", "secret word")
        self.broker.start()
        wait_for(self.broker.answers, 20, "the broker")
        self.devices = Devices(self.port, folder, seed)
        self.box = Box(island, folder, self.port)

    def register(self):
        # The first slot is not covered whole: without this it would stay open for five minutes, and all after it.
        done = subprocess.run([BINARY, "governance", "parameter", "close_grace", "15s", "--key",
                               self.island.chain_folder / "administrator.key", "--peer", self.island.peers[0]["http"]],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        for participant in ({"type": "UtilityCompany", "id": "EEM", "supplier": True, "tariff": "0.1629"},
                            {"type": "Bank", "id": "B1"}, *({"type": "Resident", "id": f"R {m}"} for m in METERS)):
            code, answer = self.island.post(0, "/v1/participants", participant, admin=True)
            assert code == 200, (code, answer)
        for meter in METERS:
            for asset, balance in (("EN", "0"), ("CO", "1000")):
                code, answer = self.island.post(0, "/v1/transactions", {
                    "type": "ProvisionAsset", "owner": f"Resident:R {meter}", "asset": asset, "balance": balance}, admin=True)
                assert code == 200, (code, answer)
            code, answer = self.island.post(0, "/v1/meters", {
                "meter": meter, "owner": f"Resident:R {meter}", "public_key": self.box.keys.get(meter)}, admin=True)
            assert code == 200, (code, answer)

    def through(self, peer=None):
        """in_ledger_through of every meter, at the first peer that answers."""
        for one in range(4) if peer is None else [peer]:
            try:
                items = self.island.get(one, "/v1/meters", timeout=5)[1]["items"]
            except (OSError, TypeError):
                continue
            return {item["meter"]: item["in_ledger_through"] for item in items}
        return {}

    def progress(self, meters=METERS, readings=2, seconds=90):
        before = self.through()
        wait_for(lambda: (lambda now: now and all(now[m] >= before[m] + readings for m in meters))(self.through()), seconds,
                 f"{readings} more readings of {meters} in the ledger; they stood at {before}, now {self.through()}")

    def kill_the_adapter(self):
        self.box.kill()
        self.counted_meanwhile()
        self.box.start()
        self.progress()

    def kill_the_broker(self):
        self.broker.kill()
        self.progress(("p1-tcp", "p1-file"))
        self.broker.start()
        self.progress()

    def kill_a_peer(self):
        self.island.kill(0)
        self.progress()
        self.island.restart(0)
        wait_for(lambda: self.island.ready(0), 60, "the killed peer ready")
        self.progress()

    def kill_all_but_one_peer(self):
        """Nothing is decided; readings wait in the box."""
        for peer in (1, 2, 3):
            self.island.kill(peer)
        self.counted_meanwhile()
        self.box.kill()
        self.box.start()
        for peer in (1, 2, 3):
            self.island.restart(peer)
        self.progress()

    def counted_meanwhile(self):
        """Until every register has gone up by enough for some intervals."""
        with self.devices.lock:
            target = self.devices.round + 12
        wait_for(lambda: self.devices.round >= target, 60, "twelve rounds of the devices")

    def everything_is_in_the_ledger(self):
        self.devices.run(False)
        with self.devices.lock:
            last = {meter: tuple(values) for meter, values in self.devices.registers.items()}
        # Readings of what stands still follow until all that moved is in.
        def complete():
            counted = self.readings()
            return all(self.sums(counted[m]) == tuple(l - f for l, f in zip(last[m], self.devices.first[m])) for m in METERS)
        try:
            wait_for(complete, 120, "the registers' differences in the ledger")
        except AssertionError:
            counted = self.readings()
            for meter in METERS:
                wanted = [str(l - f) for l, f in zip(last[meter], self.devices.first[meter])]
                print(meter, "ledger", [str(s) for s in self.sums(counted[meter])], "registers", wanted)
            raise
        self.progress()
        counted = self.readings()
        for meter in METERS:
            readings = sorted(counted[meter], key=lambda reading: reading["seq"])
            assert [r["seq"] for r in readings] == list(range(1, len(readings) + 1)), (meter, readings)
            assert self.sums(readings) == tuple(l - f for l, f in zip(last[meter], self.devices.first[meter])), meter
            for before, after in zip(readings, readings[1:]):
                end = moment(before["start"]) + datetime.timedelta(seconds=before["seconds"])
                assert moment(after["start"]) == end, (meter, before, after)
            signed = {bool(r.get("signature")) for r in readings}
            assert signed == {meter in self.box.keys}, (meter, signed)
            print(f"{meter}: {len(readings)} readings, {self.sums(readings)[0]} kWh imported, {self.sums(readings)[1]} exported")

    def readings(self):
        """All accepted ones, by meter, as the blocks have them."""
        result = {meter: [] for meter in METERS}
        height = 1
        while height:
            page = self.island.get(1, f"/v1/blocks?from={height}&limit=100")[1]
            for block in page["items"]:
                for transaction, receipt in zip(block["transactions"], block["receipts"]):
                    for one, judged in zip((transaction["payload"] or {}).get("readings", []), receipt["readings"]):
                        if judged["result"] == "accepted":
                            result[one["meter"]].append(one)
            height = page["next"]
        return result

    @staticmethod
    def sums(readings):
        return tuple(sum((Decimal(str(r[name])) for r in readings), Decimal(0)) for name in ("imported_kwh", "exported_kwh"))

    def home_assistant_knows(self, ear):
        """The ear listens since a broker was there that knew nothing."""
        configs = {topic: json.loads(payload) for topic, payload, _ in ear.heard if topic.startswith("homeassistant/") and payload}
        assert len(configs) == 6 * len(METERS), sorted(configs)
        kinds = {"imported": ("energy", "total_increasing", "kWh"), "exported": ("energy", "total_increasing", "kWh"),
                 "bought": ("energy", "total_increasing", "kWh"), "sold": ("energy", "total_increasing", "kWh"),
                 "power": ("power", "measurement", "W"), "price": ("monetary", None, "EUR/kWh")}
        for topic, config in configs.items():
            prefix, component, node, sensor, last = topic.split("/")
            assert (prefix, component, last) == ("homeassistant", "sensor", "config"), topic
            assert (config["device_class"], config.get("state_class"), config["unit_of_measurement"]) == kinds[sensor], config
            assert config["unique_id"] == f"{node}_{sensor}" and config["device"]["identifiers"] == [node], config
            assert config["availability_topic"] == "powershare/availability" and config["name"], config
        assert len({config["unique_id"] for config in configs.values()}) == len(configs)
        assert ear.last("powershare/availability") == "online"
        states = {config["state_topic"] for config in configs.values()}
        wait_for(lambda: states <= {topic for topic, _, _ in ear.heard}, 200,
                 f"a state of each sensor; missing {states - {topic for topic, _, _ in ear.heard}}")
        for topic in states:
            assert Decimal(ear.last(topic)).is_finite(), (topic, ear.last(topic))
        assert ear.last("powershare/p1-2dtcp/imported") and Decimal(ear.last("powershare/tasmota/power")) < 0
        assert 0 <= Decimal(ear.last("powershare/gen1/price")) <= Decimal("0.1629")

    def close(self):
        self.box.end()
        self.devices.close()
        self.broker.kill()


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def play(village):
    village.register()
    ear = Client(village.port, "home-assistant", ("homeassistant/#", "powershare/#"))
    # From some other time, kept by the broker: it must not be taken for what the meter says now.
    with Client(village.port, "past") as past:
        past.publish("tele/house/SENSOR", '{"ENERGY":{"Total":0.001,"Power":1}}', retained=True)
    village.box.start()
    wait_for(lambda: (lambda now: now and all(now[m] >= 1 for m in METERS))(village.through()), 120, "the first readings")
    village.box.second_one_is_refused()
    village.devices.run(True)
    village.progress()
    act(village.kill_the_adapter)
    wait_for(lambda: ("powershare/availability", "offline") in {(t, p) for t, p, _ in ear.heard}, 20, "the last will")
    ear.close()
    act(village.kill_the_broker)
    ear = Client(village.port, "home-assistant", ("homeassistant/#", "powershare/#"))
    act(village.kill_a_peer)
    act(village.kill_all_but_one_peer)
    act(village.home_assistant_knows, ear)
    act(village.everything_is_in_the_ledger)
    village.box.stop()
    wait_for(lambda: ear.last("powershare/availability") == "offline", 20, "the farewell")
    ear.close()


def act(method, *arguments):
    begin = time.monotonic()
    method(*arguments)
    print(f"ok {method.__name__} {time.monotonic() - begin:.1f} s", flush=True)


def main():
    if not os.access(MOSQUITTO, os.X_OK):
        skip("mosquitto is not there")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", flush=True)
    with Island(["--empty", "--slot", "1m"]) as island:
        folder = island.folder / "box"
        folder.mkdir()
        village = Village(island, folder, seed)
        try:
            play(village)
        except BaseException:
            for name in ("adapter.log", "mosquitto.log"):
                path = folder / name
                print(f"── {name} ──\n" + (path.read_text()[-6000:] if path.exists() else "none"))
            raise
        finally:
            village.close()
        for peer in range(4):
            pid = island.pid(peer)
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not alive(pid), 40, f"the end of peer {peer}")
        print(audit(island))
    return 0


if __name__ == "__main__":
    sys.exit(main())
