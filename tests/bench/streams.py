"""TransformService against a bare echo of the same messages, over the same kind of socket; and how long a small file
waits beside large jobs."""

import json
import os
import statistics
import subprocess
import sys
import time

from measuring import progress

SMALL_BYTES = 2**20


def run_client(bench, *words):
    result = subprocess.run([bench, *map(str, words)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"bench: grpc_bench {words[0]}: {result.stderr.strip()}")
    return json.loads(result.stdout)


class Echo:
    def __init__(self, bench, folder):
        self.socket = folder / "echo.socket"
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen([bench, "echo", self.socket], stdin=subprocess.DEVNULL)
        for _ in range(100):
            if self.socket.exists():
                return
            time.sleep(0.05)
        sys.exit("bench: the echo does not start")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


def piece_of(source, path, size_bytes):
    with open(source, "rb") as whole, open(path, "wb") as piece:
        piece.write(whole.read(size_bytes))
        os.fsync(piece.fileno())
    return os.path.getsize(path)


def measure_streams(options, server, source):
    """In turns, from memory to nowhere: what a message costs, with and without work."""
    bench = options.bin.resolve() / "grpc_bench"
    data = options.dir.resolve() / "stream"
    size = piece_of(source, data, 512 * 2**20)
    echo = Echo(bench, server.home)
    rates = {"echo": [], "transform": []}
    try:
        for number in range(options.runs):
            progress(f"streams, round {number + 1} of {options.runs}")
            for name, address in (("echo", f"unix:{echo.socket}"), ("transform", server.address)):
                rates[name].append(size / run_client(bench, "stream", address, data, 1)["seconds"] / 1e6)
    finally:
        echo.stop()
        data.unlink()
    progress("")
    found = {f"{name}_mb_per_s": statistics.median(values) for name, values in rates.items()}
    print(f"\nstreams over a Unix socket, {size / 1e6:.0f} MB from memory to nowhere")
    print(f"  bare echo                      {found['echo_mb_per_s']:7.0f} MB/s")
    print(f"  TransformService, level 1      {found['transform_mb_per_s']:7.0f} MB/s")
    return found


class Load:
    """A job of another client's, started again whenever it ends."""

    def __init__(self, peerpress, server, source, target, level):
        script = 'while :; do "$0" compress -qf -l "$1" --server "$2" -o "$3" "$4" || exit; done'
        self.process = subprocess.Popen(
            ["bash", "-c", script, peerpress, str(level), server.address, target, source], process_group=0)

    def stop(self, peerpress, server):
        if self.process.poll() is not None:
            sys.exit("bench: the job beside ended")
        os.killpg(self.process.pid, 15)
        self.process.wait()
        jobs = subprocess.run([peerpress, "jobs", "--json", "--server", server.address], capture_output=True, text=True)
        for line in map(json.loads, jobs.stdout.splitlines()):
            if line.get("state") in ("RUNNING", "QUEUED", "CANCELLING"):
                subprocess.run([peerpress, "cancel", "-q", "--server", server.address, line["name"]])
        time.sleep(1)


def percentile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure_latency(options, peerpress, server, source, codec):
    """`codec`: the lines of `peerpress bench --json`, for what a MiB takes by itself."""
    bench = options.bin.resolve() / "grpc_bench"
    folder = options.dir.resolve()
    small, large_target = folder / "small", folder / "beside.gz"
    piece_of(source, small, SMALL_BYTES)
    ms = {line["level"]: 1000 * SMALL_BYTES / line["codec_bytes_per_second_per_core"]
          for line in codec if line["type"] == "bench-level"}
    found = {"codec_ms": ms.get(1, 0), "chunk_12_ms": ms.get(12, 0), "beside": {}}
    for load, level in (("nothing", None), ("level 1", 1), ("level 12", 12)):
        progress(f"latency beside {load}")
        beside = Load(peerpress, server, source, large_target, level) if level else None
        time.sleep(1)
        times = run_client(bench, "latency", server.address, small, options.requests, folder)["ms"]
        if beside:
            beside.stop(peerpress, server)
        found["beside"][load] = {"p50_ms": percentile(times, 0.5), "p99_ms": percentile(times, 0.99),
                                 "max_ms": max(times)}
    small.unlink()
    large_target.unlink(missing_ok=True)
    progress("")
    print(f"\na job of 1 MiB at level 1 through the server, {options.requests} of them; its codec takes "
          f"{found['codec_ms']:.1f} ms")
    for load, figures in found["beside"].items():
        print(f"  beside {load:10}  p50 {figures['p50_ms']:7.1f} ms   p99 {figures['p99_ms']:7.1f} ms   "
              f"max {figures['max_ms']:7.1f} ms")
    return found
