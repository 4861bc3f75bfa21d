"""Runs one command and tells what it cost: time, CPU, memory, and page cache left behind."""

import contextlib
import dataclasses
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path


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
    """The most memory a process had so far; 0 where it has ended. Pages of hugetlbfs are not in VmHWM."""
    kib = 0
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(("VmHWM:", "HugetlbPages:")):
                kib += int(line.split()[1])
    return kib / 1024


def cpu_of_children():
    """CPU seconds of every process that was waited for so far, with those that it waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


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


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
