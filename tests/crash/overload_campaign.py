"""Users who ask for too much, each of something else and all at once, while another wants a little now and then.

The service's memory and descriptors stay within bounds, the bad clients' shares of the queue are bounded, and the other
is served. The same without quotas has to be found wanting.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from pathlib import Path

from service import Service

BYSTANDER, FIRST_BAD = 220002, 220010  # each bad client is a user of its own
RESIDENT_GROWTH_MAX = 512 << 20  # 18 KB for each call that is taken back, until gRPC gets to it; staging; messages
CONNECTIONS_MAX = 64
DESCRIPTORS_MAX = CONNECTIONS_MAX + 100
QUEUED_MAX = 500
P99_SECONDS_MAX = 2.0  # an idle machine has a hundredth of that; the bad clients need processors, too
SETTINGS = ["listen.unix_mode=0o666", "log.level=warning", "security.audit=refusals", "metrics.listen=unix:{metrics}"]
QUOTAS = [f"quotas.queued_max={QUEUED_MAX}", "quotas.submits_per_second=200", "quotas.watches_max=50",
          f"quotas.connections_max={CONNECTIONS_MAX}", "quotas.running_max=3"]
NO_QUOTAS = ["quotas.queued_max=0", "quotas.submits_per_second=0", "quotas.watches_max=0", "quotas.connections_max=0",
             "quotas.running_max=0", "jobs.queued_max=1000000"]


class Watched:
    """The service's memory, descriptors and queue, at their worst."""

    def __init__(self, service, metrics):
        self.pid = service.process.pid
        self.metrics = metrics
        self.baseline = self.resident()
        self.resident_max = self.baseline
        self.descriptors_max = 0
        self.queued_max = 0
        self.refusals = {}
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def resident(self):
        return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())[1]) << 10

    def watch(self):
        while not self.ended.wait(0.1):
            try:
                self.resident_max = max(self.resident_max, self.resident())
                self.descriptors_max = max(self.descriptors_max, len(os.listdir(f"/proc/{self.pid}/fd")))
            except OSError:
                return
            self.read_metrics()

    def read_metrics(self):
        said = b""
        try:
            with socket.socket(socket.AF_UNIX) as asked:
                asked.settimeout(5)
                asked.connect(self.metrics)
                asked.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                while piece := asked.recv(1 << 16):
                    said += piece
        except OSError:
            return
        said = said.decode()
        for quota, count in re.findall(r'^peerpress_quota_refusals_total\{quota="(\w+)"\} (\d+)', said, re.M):
            self.refusals[quota] = int(count)
        for count in re.findall(r'^peerpress_jobs\{state="queued"\} (\d+)', said, re.M):
            self.queued_max = max(self.queued_max, int(count))

    def end(self):
        self.ended.set()
        self.thread.join()


def client(user, part, where, count, file=""):
    return subprocess.Popen([sys.executable, "-B", str(Path(__file__).with_name("overload_client.py")), part, where,
                             str(count), str(file)], user=user, group=user, extra_groups=[], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)


def run(programs, quotas, options):
    """What happened: figures and violations."""
    violations = []
    with tempfile.TemporaryDirectory(prefix="peerpress-overload-") as work:
        os.chmod(work, 0o755)
        place = Path(work)
        packer = zlib.compressobj(wbits=31)
        # A job that takes a while, so that there is a queue: 64 MB of zeros.
        large = place / "large.gz"
        large.write_bytes(packer.compress(bytes(64 << 20)) + packer.flush())
        small = place / "small.gz"
        packer = zlib.compressobj(wbits=31)
        small.write_bytes(packer.compress(b"text") + packer.flush())
        for file in (large, small):
            file.chmod(0o644)
        metrics = str(place / "metrics")
        settings = [setting.format(metrics=metrics) for setting in SETTINGS] + quotas
        service = Service([programs / "peerpressd"], place / "state", place, settings)
        service.start()
        watched = Watched(service, metrics)
        where = str(service.socket)
        began = time.monotonic()
        bystander = client(BYSTANDER, "bystander", where, options.seconds, small)
        bad = {part: client(FIRST_BAD + index, part, where, count, large) for index, (part, count) in enumerate((
            ("connections", options.connections), ("readers", 64), ("submits", options.submits),
            ("resets", options.resets), ("cancels", options.cancels), ("names", options.names)))}
        said = {}
        for part, process in [*bad.items(), ("bystander", bystander)]:
            line = process.stdout.readline()
            try:
                said[part] = json.loads(line)
            except json.JSONDecodeError:
                said[part] = None
        seconds = time.monotonic() - began
        if not service.alive():
            violations.append(f"the service ended: {(place / 'log').read_text(errors='replace')[-2000:]}")
        watched.end()
        watched.read_metrics()
        for process in [*bad.values(), bystander]:
            process.communicate()
        violations += judge(said, watched)
        if service.alive():
            time.sleep(1)
            left = len(os.listdir(f"/proc/{service.process.pid}/fd"))
            if left > 80:
                violations.append(f"{left} descriptors are open after everybody has gone")
            service.kill(signal.SIGTERM)
        log = (place / "log").read_bytes()
        if b"\x1b" in log or b"\nforged line" in log:
            violations.append("a name has got into the log as it was")
    return said, watched, seconds, violations


def judge(said, watched):
    violations = []
    growth = watched.resident_max - watched.baseline
    if growth > RESIDENT_GROWTH_MAX:
        violations.append(f"resident memory grew by {growth >> 20} MB")
    if watched.descriptors_max > DESCRIPTORS_MAX:
        violations.append(f"{watched.descriptors_max} descriptors were open at once")
    if watched.queued_max > 2 * QUEUED_MAX:  # two of them ask for jobs
        violations.append(f"{watched.queued_max} jobs waited at once")
    if watched.refusals.get("queued_max", 0) + watched.refusals.get("submits_per_second", 0) == 0:
        violations.append("no job was refused")
    # UNIMPLEMENTED is gRPC's answer to a message that cannot be read.
    names = (said["names"] or {}).get("names", {})
    if set(names) - {"INVALID_ARGUMENT", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED", "OK"}:
        violations.append(f"hostile names: {names}")
    other = said["bystander"]
    if other is None or other["jobs"] == 0 or other["p99"] is None:
        violations.append(f"the bystander was not served: {other}")
    elif other["p99"] > P99_SECONDS_MAX:
        violations.append(f"the bystander's p99 was {other['p99']:.2f} s")
    elif other["refused"] > other["calls"] / 100:
        violations.append(f"the bystander was refused {other['refused']} times")
    return violations


def tell(name, said, watched, seconds, violations):
    other = said["bystander"] or {}
    print(f"overload, {name}: {seconds:.0f} s; resident {watched.baseline >> 20} MB, at most {watched.resident_max >> 20} MB; "
          f"at most {watched.descriptors_max} descriptors, {watched.queued_max} jobs waiting")
    print(f"  refused: {watched.refusals}")
    for part in ("submits", "connections", "resets", "cancels", "names"):
        print(f"  {part}: {said[part]}")
    p50, p99 = (f"{1000 * (other.get(key) or 0):.1f} ms" for key in ("p50", "p99"))
    print(f"  bystander: {other.get('calls')} calls, {other.get('jobs')} jobs, {other.get('refused')} refused, p50 {p50}, "
          f"p99 {p99}; violations: {len(violations)}", flush=True)
    for violation in violations:
        print(f"    {violation}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="where peerpressd lies")
    parser.add_argument("--submits", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--resets", type=int, default=20_000)
    parser.add_argument("--cancels", type=int, default=300)
    parser.add_argument("--names", type=int, default=80)
    parser.add_argument("--seconds", type=int, default=12, help="that the bystander asks for")
    options = parser.parse_args()

    outcome = run(options.programs, QUOTAS, options)
    # Not in judge(): without quotas their end is nobody's to promise.
    outcome[3].extend(f"{part}: the client did not come to its end" for part, told in outcome[0].items() if told is None)
    tell("with quotas", *outcome)
    failed = bool(outcome[3])

    options.seconds, options.submits, options.resets = 5, min(options.submits, 4_000), 1_000
    control = run(options.programs, NO_QUOTAS, options)
    tell("without, which must be found wanting", *control)
    if not control[3]:
        print("  the harness sees nothing", flush=True)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
