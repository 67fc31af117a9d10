"""An island with --tls: certificates verified, readings fed and bills settled over https, renewal under a running peer,
the redirect from plain HTTP, and what is refused at the start."""

import gzip
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

from island import BINARY, Island, free_ports, wait_for


def certificate_of(port, authority):
    """The certificate that a new connection is shown, verified."""
    context = ssl.create_default_context(cafile=authority)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return secure.getpeercert()


def keys_tls(folder, *options):
    return subprocess.run([str(BINARY), "keys", "tls", "--out", str(folder), *options], capture_output=True, text=True, timeout=60)


def check_files():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="powershare-tls-"))
    try:
        done = keys_tls(folder, "--name", "peer.example", "--name", "192.0.2.7", "--days", "30")
        assert done.returncode == 0, done.stderr
        modes = {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}
        assert modes == {"ca.pem": 0o644, "ca.key": 0o600, "server.pem": 0o644, "server.key": 0o600}, modes
        before = {path.name: path.read_text() for path in folder.iterdir()}
        assert keys_tls(folder).returncode == 0
        changed = {path.name for path in folder.iterdir() if path.read_text() != before[path.name]}
        assert changed == {"server.pem"}, changed
        assert keys_tls(folder, "--name", "a,DNS:evil.example").returncode == 78
        assert keys_tls(folder, "--days", "0").returncode == 64
        (folder / "ca.key").chmod(0o644)
        assert keys_tls(folder).returncode == 78
        assert subprocess.run([str(BINARY), "keys"], capture_output=True, timeout=60).returncode == 64
    finally:
        shutil.rmtree(folder)
    print("keys tls: ok")


def check_settled():
    with Island(["--tls", "--speed", "max", "--slot", "1h"], once=True) as island:
        summary = island.finish(300)
        assert summary["audit"] == "ok" and summary["slots"] == 24, summary
    print("a day was fed, settled and audited over https")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def location_of(port, path, method="GET", data=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method, data=data)
    try:
        urllib.request.build_opener(NoRedirect).open(request, timeout=20)
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Location"], error.headers["Strict-Transport-Security"]
    raise AssertionError("no redirect")


def check_running():
    with Island(["--tls", "--empty"]) as island:
        url = island.peers[0]["http"]
        assert url.startswith("https://127.0.0.1:"), url
        assert island.peers[0]["metrics"].startswith("http://"), island.peers[0]
        port = int(url.rsplit(":", 1)[1])
        authority = island.json["certificate_authority"]
        names = certificate_of(port, authority)["subjectAltName"]
        assert ("DNS", "localhost") in names and ("IP Address", "127.0.0.1") in names, names
        # Whoever does not trust the authority gets nothing; nor does plain HTTP.
        try:
            urllib.request.urlopen(url + "/livez", timeout=20)
            raise AssertionError("a stranger's certificate was accepted")
        except urllib.error.URLError as error:
            assert isinstance(error.reason, ssl.SSLCertVerificationError), error
        with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
            plain.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"HTTP/" not in plain.recv(4096)

        # Renewal under the running peer.
        tls = pathlib.Path(authority).parent
        first = certificate_of(port, authority)["serialNumber"]
        assert keys_tls(tls).returncode == 0
        wait_for(lambda: certificate_of(port, authority)["serialNumber"] != first, 30, "the renewed certificate")
        second = certificate_of(port, authority)["serialNumber"]
        (tls / "server.pem").write_text("not a certificate\n")
        log = pathlib.Path(island.peers[0]["config"]).parent / "peer.log"
        wait_for(lambda: "the former certificate stays in use" in log.read_text(), 30, "a warning in the log")
        assert certificate_of(port, authority)["serialNumber"] == second
        assert keys_tls(tls).returncode == 0

        # gzip for the large, for those who want it.
        request = urllib.request.Request(url + "/v1/openapi.json", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=20, context=island.trust) as answer:
            assert answer.headers["Content-Encoding"] == "gzip" and answer.headers["Vary"] == "Accept-Encoding", answer.headers
            assert "openapi" in json.loads(gzip.decompress(answer.read()))

        # A peer with a redirect port and HSTS.
        config = pathlib.Path(island.peers[3]["config"])
        island.kill(3)
        redirect = free_ports(1)
        config.write_text(config.read_text().replace("hsts_seconds: 0", f"hsts_seconds: 600\n  redirect_port: {redirect}"))
        island.restart(3)
        wait_for(lambda: island.ready(3), 60, "the peer is ready again")
        https = island.peers[3]["http"]
        assert location_of(redirect, "/v1/status?x=1") == (308, https + "/v1/status?x=1", None)
        assert location_of(redirect, "/v1/x", "POST", b"{}")[:2] == (308, https + "/v1/x")
        with urllib.request.urlopen(https + "/livez", timeout=20, context=island.trust) as answer:
            assert answer.headers["Strict-Transport-Security"] == "max-age=600"

        # A key that others may read keeps a peer from starting.
        island.kill(3)
        (tls / "server.key").chmod(0o640)
        process = subprocess.run([str(BINARY), "peer", "--config", str(config)], capture_output=True, text=True, timeout=60)
        assert process.returncode == 78 and "server.key" in process.stderr, (process.returncode, process.stderr)
        (tls / "server.key").chmod(0o600)
        island.restart(3)
        wait_for(lambda: island.ready(3), 60, "the peer is ready once more")
    print("certificates, renewal, redirect, gzip: ok")


def main():
    check_files()
    check_settled()
    check_running()
    print("tls: ok")


if __name__ == "__main__":
    main()
