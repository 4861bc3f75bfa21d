"""Compresses and decompresses one file with Peerpress and with its peers, in turn, and prints what each costs.

Every run writes to a file and ends when that file is on disk. Runs are interleaved (A B C A B C ...), so that a
disturbance hits everyone; medians are printed. "Cold" means that nothing of the source is in the page cache,
"warm" that all of it is. CPU is user and system time of the program, and of the server where there is one.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import small_files
import streams
import targets
from measuring import Contender, Server, measure, progress, spawn

MB = 1_000_000
GB = 1_000_000_000
MIXED_BYTES = 1_400_000_000


def run_rounds(contenders, files, target, rounds, cold):
    samples = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            progress(f"round {number + 1} of {rounds}, {'cold' if cold else 'warm'}: {contender.name}")
            samples[contender.name].append(measure(contender, files[contender.source], target, cold))
    progress("")
    os.unlink(target)
    return samples


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

    def process(level, *more):
        return ours(level, "--no-server", *more)

    contenders = [
        Contender("pigz -1", "", "1", ["pigz", "-1", f"-p{threads}", "-c", "{source}"]),
        Contender("peerpress -1, process", "process", "1", process("-1")),
        Contender("igzip -1", "", "1", ["igzip", "-1", "-c", "{source}"]),
        Contender("peerpress -1, server", "server", "1", ours("-1", "--server", server.address), server=server),
        Contender("bgzip -l1", "", "1", ["bgzip", f"-@{threads}", "-l1", "-c", "{source}"]),
        Contender("libdeflate-gzip -1", "", "1", ["libdeflate-gzip", "-1", "-c", "{source}"]),
        # All chunks in one member, each compressed by itself as ever: what members cost.
        Contender("peerpress -1, one member", "process", "one member", process("-1", "--format", "plain")),
        Contender("pigz -6", "", "6", ["pigz", "-6", f"-p{threads}", "-c", "{source}"]),
        Contender("peerpress -6, process", "process", "6", process("-6")),
        Contender("peerpress -7, process", "process", "7", process("-7")),
    ]
    if igzip_has_threads():
        contenders.append(
            Contender("igzip -1, threads", "", "1", ["igzip", "-1", "-T", str(threads), "-c", "{source}"]))
    return contenders


def igzip_has_threads():
    """Debian's takes -T, and ignores it."""
    program = shutil.which("igzip")
    return bool(program) and b"pthread_create" in Path(program).read_bytes()


def decompressors(peerpress, server, threads):
    def ours(*where):
        return [peerpress, "decompress", "--quiet", *where, "--output", "{target}", "{source}"]

    igzip = ["igzip", "-d", "-c", "{source}"]
    contenders = [
        Contender("igzip -d", "", "d", igzip, "gzip"),
        Contender("peerpress, process", "process", "d", ours("--no-server"), "gzip"),
        Contender("pigz -d", "", "d", ["pigz", "-d", f"-p{threads}", "-c", "{source}"], "gzip"),
        Contender("peerpress, server", "server", "d", ours("--server", server.address), "gzip", server),
        Contender("bgzip -d, of its own file", "", "d", ["bgzip", "-d", f"-@{threads}", "-c", "{source}"], "bgzf"),
        Contender("peerpress, BGZF", "process", "bgzf", ours("--no-server"), "bgzf"),
        Contender("igzip -d, pigz's file", "", "foreign", igzip, "foreign"),
        Contender("peerpress, pigz's file", "process", "foreign", ours("--no-server"), "foreign"),
    ]
    if shutil.which("rapidgzip"):
        command = ["rapidgzip", "-P", str(threads), "-d", "-c", "{source}"]
        contenders += [Contender("rapidgzip -d", "", "d", command, "gzip"),
                       Contender("rapidgzip -d, pigz's file", "", "foreign", command, "foreign")]
    return contenders


def measure_codec(options, peerpress, source):
    """What the codecs do in memory, the disk alone and a job, level by level: `peerpress bench` itself."""
    parts = [("1,3,6", max(os.path.getsize(source), 4 << 20)), ("12", 128 << 20)]
    lines = []
    for levels, size in parts:
        progress(f"codecs, levels {levels}")
        command = [peerpress, "bench", "--json", "--no-peers", "--levels", levels, "--size", str(size), "--dir",
                   options.dir, "--runs", str(options.runs), "--threads", str(options.threads), source]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"bench: peerpress bench: {result.stderr or result.stdout}")
        lines += [json.loads(line) for line in result.stdout.splitlines()]
    progress("")
    disk = next(line for line in lines if line["type"] == "bench-disk")
    print(f"\ncodecs in memory; disk: reads {disk['read_bytes_per_second'] / MB:.0f} MB/s, writes "
          f"{disk['write_bytes_per_second'] / MB:.0f}, both {disk['copy_bytes_per_second'] / MB:.0f} each")
    print(f"  {'':22}{'MB/s per core':>14}{'a job':>8}{'of its limit':>14}{'CPU s/GB':>10}{'over codec':>12}")
    for line in lines:
        if line["type"] == "bench-level":
            codec = line["codec_bytes_per_second_per_core"]
            print(f"  {line['level']:<4}{line['codec']:18}{codec / MB:>14.1f}{line['bytes_per_second'] / MB:>8.0f}"
                  f"{line['of_limit']:>14.2f}{line['cpu_seconds_per_gb']:>10.2f}"
                  f"{line['cpu_seconds_per_gb'] * codec / GB:>12.2f}")
    return lines


def chosen(contenders, match):
    return [contender for contender in contenders if re.search(match, contender.name)]


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


def mixed_input(folder):
    """What is installed here: libraries, programs, data, things that are compressed already. Less compressible, and
    another on each machine; its SHA-256 says which."""
    path = folder / "mixed.tar"
    if not path.exists():
        print("packing /usr ...", file=sys.stderr)
        partial = folder / "mixed.tar.partial"
        with open(partial, "wb") as file:
            pack = subprocess.Popen(["tar", "-C", "/usr", "--sort=name", "-cf", "-", "lib", "bin", "share"],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            left = MIXED_BYTES
            while left > 0 and (block := pack.stdout.read(min(left, 8 << 20))):
                left -= file.write(block)
            pack.kill()
            pack.wait()
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
        if not contender.way or contender.level not in ("1", "d"):
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
    parser.add_argument("--mixed", action="store_true", help="measure on this machine's own files, less compressible")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is printed (default 5)")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="threads of the peers")
    parser.add_argument("--dir", type=Path, help="where the files are written (default build/bench)")
    parser.add_argument("--bin", type=Path, help="where the programs are")
    parser.add_argument("--only", choices=["compress", "decompress", "memory", "small-files", "codec", "streams", "latency"],
                        help="measure this alone")
    parser.add_argument("--files", type=int, default=100_000, help="small files to compress (default 100000)")
    parser.add_argument("--requests", type=int, default=200, help="requests whose latency is taken (default 200)")
    parser.add_argument("--match", type=re.compile, default="", help="measure those alone whose names this regex finds")
    parser.add_argument("--cache", choices=["cold", "warm"], help="measure with this state of the cache alone")
    parser.add_argument("--json", type=Path, help="write every figure to this file, too")
    return parser.parse_args()


def main():
    options = parse_options()
    # As Ctrl-C does: the server and the files are cleared away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.dir.mkdir(parents=True, exist_ok=True)
    peerpress = options.bin.resolve() / "peerpress"
    folder = options.dir.resolve()
    source = options.file.resolve() if options.file else (mixed_input if options.mixed else default_input)(folder)
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
    files = {"source": source, "gzip": options.dir.resolve() / "source.gz", "bgzf": options.dir.resolve() / "bgzf.gz",
             "foreign": options.dir.resolve() / "foreign.gz"}
    try:
        server.wait_until_ready(peerpress)
        states = [options.cache] if options.cache else ["cold", "warm"]
        if options.only in (None, "compress"):
            contenders = chosen(compressors(peerpress, server, options.threads), options.match)
            for state in states:
                samples = run_rounds(contenders, files, target, options.runs, state == "cold")
                rows = summarise(contenders, samples, data_bytes, files, compressing=True)
                print_table(f"compress, {state}", rows)
                report[f"compress_{state}"] = rows
        if options.only in (None, "decompress"):
            prepare(peerpress, files, options.threads)
            contenders = chosen(decompressors(peerpress, server, options.threads), options.match)
            for state in states:
                samples = run_rounds(contenders, files, target, options.runs, state == "cold")
                rows = summarise(contenders, samples, data_bytes, files, compressing=False)
                print_table(f"decompress, {state} (MB/s of data)", rows)
                report[f"decompress_{state}"] = rows
        if options.only in (None, "memory"):
            report["memory"] = check_memory(options, peerpress, server, source, target)
        if options.only in (None, "codec", "latency"):
            report["codec"] = measure_codec(options, peerpress, source)
        if options.only in (None, "streams"):
            report["streams"] = streams.measure_streams(options, server, source)
        if options.only in (None, "latency"):
            report["latency"] = streams.measure_latency(options, peerpress, server, source, report["codec"])
        if options.only in (None, "small-files"):
            report["small_files"] = small_files.measure(options, peerpress, server, source, small_files.equal_sizes)
            report["small_files_mixed"] = small_files.measure(options, peerpress, server, source, small_files.mixed_sizes)
        report["targets"] = targets.print_targets(report)
    finally:
        server.stop()
        for name in ("gzip", "bgzf", "foreign"):
            files[name].unlink(missing_ok=True)
        target.unlink(missing_ok=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


def prepare(peerpress, files, threads):
    for name in ("gzip", "bgzf", "foreign"):
        files[name].unlink(missing_ok=True)
    spawn([peerpress, "compress", "-q", "-1", "--no-server", "-o", "{target}", files["source"]], files["gzip"])
    spawn(["bgzip", f"-@{threads}", "-l1", "-c", files["source"]], files["bgzf"])
    spawn(["pigz", "-6", f"-p{threads}", "-c", files["source"]], files["foreign"])


if __name__ == "__main__":
    main()
