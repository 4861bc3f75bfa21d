"""Many small files: one job of the server's against peers that are started for hundreds of files at a time.

The files are pieces of the source, a hundred to a directory: all of 4 KiB, and again of 0 to 16 KiB. Every contender
compresses each of them into a .gz of its own; a run ends when all of it is on disk (syncfs). "tar | pigz" makes one file of
them all: less work, and here for the scale only. "One by one" starts a process for each file; that takes minutes, so it
runs once, and for a tenth of the files.
"""

import os
import random
import shutil
import statistics
import subprocess
import sys
import time

from measuring import cpu_of_children, progress

FILES_PER_FOLDER = 100
ONE_BY_ONE_SHARE = 10


def equal_sizes(_):
    return 4096


def mixed_sizes(sizes):
    return sizes.randrange(16 * 1024 + 1)


def make_tree(tree, source, count, size_of):
    """The same tree for the same source: names and sizes come from a fixed seed."""
    sizes = random.Random(1)
    total = 0
    with open(source, "rb") as pieces:
        for number in range(count):
            folder = tree / f"{number // FILES_PER_FOLDER:04}"
            if number % FILES_PER_FOLDER == 0:
                folder.mkdir(parents=True)
            size = size_of(sizes)
            data = pieces.read(size)
            if len(data) < size:
                pieces.seek(0)
            (folder / f"{number:06}").write_bytes(data)
            total += len(data)
    sync(tree)
    return total


def sync(folder):
    subprocess.run(["sync", "--file-system", folder], check=True)


def evict(tree):
    for folder, _, names in os.walk(tree):
        for name in names:
            fd = os.open(os.path.join(folder, name), os.O_RDONLY)
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(fd)


def contenders(peerpress, server, threads):
    """(name, command, server): {tree} is compressed into files beside its own, or into {out}."""
    each = f"find {{tree}} -type f -print0 | xargs -0 -P {threads} -n 1000"
    ours = f"{peerpress} compress --quiet -1 -r --output-dir {{out}}"
    return [
        ("gzip -1, xargs", f"{each} gzip -1 -k", None),
        ("peerpress -1, server", f"{ours} --server {server.address} {{tree}}", server),
        ("pigz -1, xargs", f"{each} pigz -1 -p1 -k", None),
        ("igzip -1, xargs", f"{each} igzip -1 -k", None),
        ("peerpress -1, process", f"{ours} --no-server {{tree}}", None),
        ("tar | pigz -1: one file", f"tar -C {{tree}} -cf - . | pigz -1 -p{threads} >{{out}}/all.tar.gz", None),
    ]


def run(command, server):
    before = cpu_of_children() + (server.cpu_seconds() if server else 0)
    started = time.monotonic()
    result = subprocess.run(["bash", "-o", "pipefail", "-c", command], stdin=subprocess.DEVNULL)
    if result.returncode != 0:
        sys.exit(f"bench: exit {result.returncode} of {command}")
    return started, cpu_of_children() + (server.cpu_seconds() if server else 0) - before


def compressed(folder):
    """Takes the outputs away. Returns (files, bytes)."""
    files = total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.endswith(".gz"):
                path = os.path.join(parent, name)
                files += 1
                total += os.path.getsize(path)
                os.unlink(path)
    return files, total


def measure(options, peerpress, server, source, size_of):
    folder = options.dir.resolve() / "small-files"
    shutil.rmtree(folder, ignore_errors=True)
    tree, out = folder / "tree", folder / "out"
    tree.mkdir(parents=True)
    progress(f"writing {options.files} files")
    data_bytes = make_tree(tree, source, options.files, size_of)
    entrants = contenders(peerpress, server, options.threads)
    samples = {name: [] for name, _, _ in entrants}
    try:
        for number in range(options.runs):
            for name, command, with_server in entrants:
                progress(f"{options.files} files, round {number + 1} of {options.runs}: {name}")
                samples[name].append(measure_once(command.format(tree=tree, out=out), with_server, tree, out))
        one_by_one = measure_one_by_one(options, tree, out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    progress("")
    rows = [summary(name, samples[name], options.files, data_bytes) for name, _, _ in entrants] + one_by_one
    print_rows(rows, options.files, data_bytes)
    return rows


def measure_once(command, server, tree, out):
    out.mkdir()
    sync(tree)  # dirty pages cannot be dropped
    evict(tree)
    started, cpu = run(command, server)
    sync(tree)
    seconds = time.monotonic() - started
    in_tree, in_out = compressed(tree), compressed(out)
    shutil.rmtree(out)
    sync(tree)
    return seconds, cpu, in_tree[0] + in_out[0], in_tree[1] + in_out[1]


def measure_one_by_one(options, tree, out):
    """Of the first files only; its seconds are scaled to all of them."""
    name = "gzip -1, one by one"
    folders = sorted(tree.iterdir())[: max(1, options.files // FILES_PER_FOLDER // ONE_BY_ONE_SHARE)]
    sources = [path for folder in folders for path in folder.iterdir()]
    progress(f"{len(sources)} files: {name}")
    part = " ".join(map(str, folders))
    seconds, cpu, files, written = measure_once(f"find {part} -type f -exec gzip -1 -k {{}} \\;", None, tree, out)
    scale = options.files / len(sources)
    row = summary(name, [(seconds * scale, cpu * scale, files, written)], len(sources),
                  sum(path.stat().st_size for path in sources))
    row["files_per_s"], row["mb_per_s"] = row["files_per_s"] * scale, row["mb_per_s"] * scale
    return [row]


def summary(name, runs, files, data_bytes):
    if any(run[2] not in (1, files) for run in runs):
        sys.exit(f"bench: {name} did not compress every file")
    seconds = statistics.median(run[0] for run in runs)
    return {
        "name": name,
        "seconds": seconds,
        "files_per_s": files / seconds,
        "mb_per_s": data_bytes / seconds / 1e6,
        "cpu_s": statistics.median(run[1] for run in runs),
        "ratio": data_bytes / runs[-1][3],
    }


def print_rows(rows, files, data_bytes):
    ours = next(row for row in rows if row["name"].endswith("server"))
    print(f"\n{files} files of {data_bytes / 1e6:.0f} MB in all, cold")
    print(f"  {'':26}{'seconds':>9}{'files/s':>9}{'MB/s':>7}{'CPU s':>8}{'ratio':>8}{'server is':>12}")
    for row in rows:
        against = "" if row is ours else f"{row['seconds'] / ours['seconds']:>10.2f} x"
        print(f"  {row['name']:26}{row['seconds']:>9.2f}{row['files_per_s']:>9.0f}{row['mb_per_s']:>7.0f}"
              f"{row['cpu_s']:>8.2f}{row['ratio']:>8.3f}{against}")
