"""Compresses and decompresses one file with Peerpress and with its peers, in turn, and prints what each costs.

Every run writes to a file and ends when that file is on disk. Runs are interleaved (A B C A B C ...), so that a
disturbance hits everyone; medians are printed. "Cold" means that nothing of the source is in the page cache,
"warm" that all of it is. CPU is user and system time of the program, and of the server where there is one.
"""

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

MB = 1_000_000
GB = 1_000_000_000
RUN_SECONDS_MAX = 1800


@dataclasses.dataclass
class Contender:
    name: str
    way: str  # "process" or "server" for ours, "" for a peer
    level: str
    command: list  # with {source} and {target}; without {target} the output is its standard output
    source: str = "source"  # which of the prepared files it reads
    server: object = None


@dataclasses.dataclass
class Sample:
    seconds: float
    cpu_seconds: float
    peak_mib: float
    cached_mib: float
    target_bytes: int


class Server:
    """A peerpressd of our own on a private socket."""

    def __init__(self, program):
        self.home = Path(tempfile.mkdtemp(prefix="peerpress-bench-"))
        self.address = f"unix:{self.home}/socket"
        config = self.home / "config.toml"
        config.write_text(
            f'[listen]\nunix = "{self.home}/socket"\n[state]\ndirectory = "{self.home}/state"\n'
            f'[log]\nlevel = "warning"\n'
        )
        self.process = subprocess.Popen([program, "--config", config], stdin=subprocess.DEVNULL)

    def wait_until_ready(self, client):
        for _ in range(100):
            if self.process.poll() is not None:
                sys.exit("bench: the server ended at once")
            command = [client, "server-info", "--server", self.address]
            if subprocess.run(command, capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        sys.exit("bench: the server does not answer")

    def cpu_seconds(self):
        # After the last ')' of the program's name: fields 14 and 15 are user and system time in ticks.
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak_mib(self):
        return high_water_mib(self.process.pid)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)


def evict(path):
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)  # dirty pages cannot be dropped
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def load(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(8 << 20):
            pass


def cached_bytes(path):
    command = ["fincore", "--bytes", "--noheadings", "--output", "RES", path]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


class PeakMemory(threading.Thread):
    """Reads a process's high-water mark until it ends. Its ru_maxrss would count the fork of this program, too."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.mib = 0.0
        self.start()

    def run(self):
        while (mib := high_water_mib(self.pid)) > 0:
            self.mib = mib
            time.sleep(0.01)


def high_water_mib(pid):
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def spawn(command, target):
    """Runs a command to its end and returns its CPU seconds and peak memory."""
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) if "{target}" not in command else None
    filled = [str(target) if word == "{target}" else str(word) for word in command]
    process = subprocess.Popen(filled, stdin=subprocess.DEVNULL, stdout=fd)
    peak = PeakMemory(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench: exit {process.returncode} of {' '.join(filled)}")
    if fd is not None:
        os.fsync(fd)
        os.close(fd)
    return usage.ru_utime + usage.ru_stime, peak.mib


def measure(contender, source, target, cold):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(target)
    evict(source) if cold else load(source)
    server = contender.server
    if server:
        server.forget_peak()
        server_cpu_before = server.cpu_seconds()

    command = [source if word == "{source}" else word for word in contender.command]
    started = time.monotonic()
    cpu, peak_mib = spawn(command, target)
    seconds = time.monotonic() - started
    if server:
        cpu += server.cpu_seconds() - server_cpu_before
        peak_mib += server.peak_mib()
    cached = cached_bytes(target) + (cached_bytes(source) if cold else 0)
    return Sample(seconds, cpu, peak_mib, cached / 2**20, os.path.getsize(target))


def run_rounds(contenders, files, target, rounds, cold):
    samples = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            progress(f"round {number + 1} of {rounds}, {'cold' if cold else 'warm'}: {contender.name}")
            samples[contender.name].append(measure(contender, files[contender.source], target, cold))
    progress("")
    os.unlink(target)
    return samples


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def median(samples, field):
    return statistics.median(getattr(sample, field) for sample in samples)


def summarise(contenders, samples, data_bytes, files, compressing):
    rows = []
    for contender in contenders:
        runs = samples[contender.name]
        compressed = runs[-1].target_bytes if compressing else os.path.getsize(files[contender.source])
        seconds = median(runs, "seconds")
        rows.append({
            "name": contender.name,
            "way": contender.way,
            "level": contender.level,
            "mb_per_s": data_bytes / seconds / MB,
            "mb_per_s_min": data_bytes / max(run.seconds for run in runs) / MB,
            "mb_per_s_max": data_bytes / min(run.seconds for run in runs) / MB,
            "cpu_s_per_gb": median(runs, "cpu_seconds") / data_bytes * GB,
            "ratio": data_bytes / compressed,
            "cached_mib": median(runs, "cached_mib"),
            "peak_mib": max(run.peak_mib for run in runs),
            "seconds": [run.seconds for run in runs],
        })
    return rows


def print_table(title, rows):
    rates = {(row["way"], row["level"]): row["mb_per_s"] for row in rows if row["way"]}
    print(f"\n{title}")
    print(f"  {'':26}{'MB/s':>7}{'min-max':>12}{'CPU s/GB':>10}{'ratio':>8}{'cache MiB':>11}{'peak MiB':>10}"
          f"{'process is':>13}{'server is':>12}")
    for row in rows:
        spread = f"{row['mb_per_s_min']:.0f}-{row['mb_per_s_max']:.0f}"
        line = (f"  {row['name']:26}{row['mb_per_s']:>7.0f}{spread:>12}{row['cpu_s_per_gb']:>10.2f}"
                f"{row['ratio']:>8.3f}{row['cached_mib']:>11.0f}{row['peak_mib']:>10.0f}")
        if not row["way"]:
            for way, width in (("process", 11), ("server", 10)):
                rate = rates.get((way, row["level"]))
                line += f"{rate / row['mb_per_s']:>{width}.2f} x" if rate else " " * (width + 2)
        print(line.rstrip())


def compressors(peerpress, server, threads):
    def ours(level, *where):
        return [peerpress, "compress", "--quiet", level, *where, "--output", "{target}", "{source}"]

    return [
        Contender("pigz -1", "", "1", ["pigz", "-1", f"-p{threads}", "-c", "{source}"]),
        Contender("peerpress -1, process", "process", "1", ours("-1", "--no-server")),
        Contender("igzip -1", "", "1", ["igzip", "-1", "-c", "{source}"]),
        Contender("peerpress -1, server", "server", "1", ours("-1", "--server", server.address), server=server),
        Contender("bgzip -l1", "", "1", ["bgzip", f"-@{threads}", "-l1", "-c", "{source}"]),
        Contender("libdeflate-gzip -1", "", "1", ["libdeflate-gzip", "-1", "-c", "{source}"]),
        Contender("pigz -6", "", "6", ["pigz", "-6", f"-p{threads}", "-c", "{source}"]),
        Contender("peerpress -6, process", "process", "6", ours("-6", "--no-server")),
    ]


def decompressors(peerpress, server, threads):
    def ours(*where):
        return [peerpress, "decompress", "--quiet", *where, "--output", "{target}", "{source}"]

    return [
        Contender("igzip -d", "", "d", ["igzip", "-d", "-c", "{source}"], "gzip"),
        Contender("peerpress, process", "process", "d", ours("--no-server"), "gzip"),
        Contender("pigz -d", "", "d", ["pigz", "-d", f"-p{threads}", "-c", "{source}"], "gzip"),
        Contender("peerpress, server", "server", "d", ours("--server", server.address), "gzip", server),
        Contender("bgzip -d, of its own file", "", "d", ["bgzip", "-d", f"-@{threads}", "-c", "{source}"], "bgzf"),
    ]


def default_input(folder):
    """The kernel's source as a tar: anyone can have the same bytes."""
    path = folder / "linux-source.tar"
    if not path.exists():
        print("fetching linux-source-6.1 and unpacking it ...", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            subprocess.run(["apt-get", "-q", "download", "linux-source-6.1"], cwd=work, check=True, stdout=2)
            package = next(Path(work).glob("*.deb"))
            subprocess.run(["dpkg-deb", "-x", package, work], check=True)
            archive = next(Path(work).glob("usr/src/*.tar.xz"))
            partial = folder / "linux-source.tar.partial"
            with open(partial, "wb") as file:
                subprocess.run(["xz", "-T0", "-dc", archive], stdout=file, check=True)
            partial.rename(path)
    return path


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(8 << 20):
            digest.update(block)
    return digest.hexdigest()


def machine(folder):
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    command = ["df", "--output=fstype", folder]
    file_system = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]
    return (f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {file_system}, "
            f"Linux {os.uname().release}, load {os.getloadavg()[0]:.1f}")


def check_memory(options, peerpress, server, source, target):
    """Peak resident memory on 4 GiB, which is far more than any buffer: memory must not follow the file's size."""
    big = options.dir / "four-gib"
    with open(big, "wb") as file:
        while (missing := 4 * 2**30 - file.tell()) > 0:
            with open(source, "rb") as piece:
                shutil.copyfileobj(piece, file, 8 << 20) if missing >= os.path.getsize(source) else file.write(
                    piece.read(missing))
    rows = []
    packed = options.dir / "four-gib.gz"
    for contender in compressors(peerpress, server, 1) + decompressors(peerpress, server, 1):
        if not contender.way or contender.level == "6":
            continue
        progress(f"4 GiB: {contender.name}")
        reads = packed if contender.source == "gzip" else big
        sample = measure(contender, reads, target, cold=True)
        rows.append({"name": contender.name, "peak_mib": sample.peak_mib, "cached_mib": sample.cached_mib})
        if contender.source == "source":
            os.replace(target, packed)
        else:
            os.unlink(target)
    progress("")
    big.unlink()
    packed.unlink()
    print("\n4 GiB file, cold: client and server together")
    for row in rows:
        print(f"  {row['name']:26}{row['peak_mib']:>7.0f} MiB resident at most, {row['cached_mib']:.0f} MiB of page cache left")
    return rows


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--file", type=Path, help="measure on this file (default: the kernel's source as a tar)")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is printed (default 5)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of the peers")
    parser.add_argument("--dir", type=Path, help="where the files are written (default build/bench)")
    parser.add_argument("--bin", type=Path, help="where the programs are")
    parser.add_argument("--only", choices=["compress", "decompress", "memory"], help="measure this alone")
    parser.add_argument("--cache", choices=["cold", "warm"], help="measure with this state of the cache alone")
    parser.add_argument("--json", type=Path, help="write every figure to this file, too")
    return parser.parse_args()


def main():
    options = parse_options()
    options.dir.mkdir(parents=True, exist_ok=True)
    peerpress = options.bin.resolve() / "peerpress"
    source = options.file.resolve() if options.file else default_input(options.dir.resolve())
    data_bytes = os.path.getsize(source)
    target = options.dir.resolve() / "target"
    report = {"machine": machine(options.dir), "file": source.name, "bytes": data_bytes, "sha256": sha256(source),
              "threads": options.threads, "runs": options.runs}
    print(report["machine"])
    print(f"{source.name}: {data_bytes} bytes, SHA-256 {report['sha256']}")
    print(f"median of {options.runs} runs, interleaved; every output on disk at the end of its run; "
          f"peers with {options.threads} threads where they have any")
    if data_bytes < GB:
        print("NOTE: less than 1 GB of data says little about a disk")

    server = Server(options.bin.resolve() / "peerpressd")
    files = {"source": source, "gzip": options.dir.resolve() / "source.gz", "bgzf": options.dir.resolve() / "bgzf.gz"}
    try:
        server.wait_until_ready(peerpress)
        states = [options.cache] if options.cache else ["cold", "warm"]
        if options.only in (None, "compress"):
            contenders = compressors(peerpress, server, options.threads)
            for state in states:
                samples = run_rounds(contenders, files, target, options.runs, state == "cold")
                rows = summarise(contenders, samples, data_bytes, files, compressing=True)
                print_table(f"compress, {state}", rows)
                report[f"compress_{state}"] = rows
        if options.only in (None, "decompress"):
            prepare(peerpress, files, options.threads)
            contenders = decompressors(peerpress, server, options.threads)
            for state in states:
                samples = run_rounds(contenders, files, target, options.runs, state == "cold")
                rows = summarise(contenders, samples, data_bytes, files, compressing=False)
                print_table(f"decompress, {state} (MB/s of data)", rows)
                report[f"decompress_{state}"] = rows
        if options.only in (None, "memory"):
            report["memory"] = check_memory(options, peerpress, server, source, target)
    finally:
        server.stop()
        for name in ("gzip", "bgzf"):
            files[name].unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def prepare(peerpress, files, threads):
    for name in ("gzip", "bgzf"):
        files[name].unlink(missing_ok=True)
    spawn([peerpress, "compress", "-q", "-1", "--no-server", "-o", "{target}", files["source"]], files["gzip"])
    spawn(["bgzip", f"-@{threads}", "-l1", "-c", files["source"]], files["bgzf"])


if __name__ == "__main__":
    main()
