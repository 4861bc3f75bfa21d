"""What Peerpress is meant to reach, each as a ratio of two figures of the same run."""

import dataclasses
import operator

MIB = 2**20


@dataclasses.dataclass
class Target:
    name: str
    value: float
    bound: float
    at_least: bool = True
    unit: str = "x"

    def held(self):
        return (operator.ge if self.at_least else operator.le)(self.value, self.bound)


def rate(rows, name):
    return next((row["mb_per_s"] for row in rows if row["name"] == name), None)


def ratio(rows, name):
    return next((row["ratio"] for row in rows if row["name"] == name), None)


def quotients(rows, ours, peers, state):
    """One target for each peer that was measured: {peer: (bound, what it is for)}."""
    mine = rate(rows, ours)
    for peer, (bound, what) in peers.items():
        if mine and rate(rows, peer):
            yield Target(f"{what}, {state}: over {peer}", mine / rate(rows, peer), bound)


def of_compression(rows, state):
    yield from quotients(rows, "peerpress -1, process", {
        "igzip -1": (1.9, "compress at igzip -1's ratio"),
        "pigz -1": (4.0, "compress at igzip -1's ratio"),
        "igzip -1, threads": (1.1 if state == "cold" else 1.0, "compress at igzip -1's ratio"),
    }, state)
    wanted = ratio(rows, "pigz -6")
    if wanted:
        # The fastest of ours that is as dense, and the nearest below, which saves almost as much.
        dense = [row for row in rows if row["way"] == "process" and row["ratio"] >= wanted]
        if dense:
            best = max(dense, key=lambda row: row["mb_per_s"])
            yield Target(f"compress at pigz -6's ratio ({wanted:.3f}), {state}: {best['name'].split(',')[0]} "
                         f"({best['ratio']:.3f}) over pigz -6", best["mb_per_s"] / rate(rows, "pigz -6"), 1.9)
    server, process = rate(rows, "peerpress -1, server"), rate(rows, "peerpress -1, process")
    if server and process:
        yield Target(f"compress through the server, {state}: over in process", server / process, 0.97)
    plain, members = ratio(rows, "peerpress -1, one member"), ratio(rows, "peerpress -1, process")
    if plain and members:
        yield Target("members: what they cost against one member of the same chunks", 100 * (plain / members - 1),
                     0.2, at_least=False, unit="%")
    if state == "cold":
        for row in rows:
            if row["way"]:
                yield Target(f"page cache that {row['name']} leaves", row["cached_mib"], 16, False, "MiB")


def of_decompression(rows, state):
    for ours, own in (("peerpress, process", "of ours"), ("peerpress, BGZF", "of BGZF")):
        yield from quotients(rows, ours, {
            "igzip -d": (1.9, f"decompress a file {own}"),
            "rapidgzip -d": (1.0, f"decompress a file {own}"),
            "bgzip -d, of its own file": (1.0, f"decompress a file {own}"),
        }, state)
    yield from quotients(rows, "peerpress, pigz's file", {
        "igzip -d, pigz's file": (1.0, "decompress another tool's file"),
        "rapidgzip -d, pigz's file": (1.0, "decompress another tool's file"),
    }, state)


def of_codec(lines):
    levels = [line for line in lines if line["type"] == "bench-level"]
    threads = next(line["codec_threads"] for line in lines if line["type"] == "bench-machine")
    for level in levels:
        codec = level["codec_bytes_per_second_per_core"]
        name = f"level {level['level']} ({level['codec']})"
        if level["level"] == 12:
            yield Target(f"{name}: a job over codec x cores", level["bytes_per_second"] / (codec * threads), 0.95)
            continue
        yield Target(f"{name}: a job over its limit ({level['limited_by']})", level["of_limit"], 0.90)
        yield Target(f"{name}: a job's CPU over its codec's", level["cpu_seconds_per_gb"] * codec / 1e9, 1.10, False)


def of_small_files(rows):
    ours = next(row for row in rows if row["name"].endswith("server"))["files_per_s"]
    for name, bound in (("pigz -1, xargs", 1.0), ("gzip -1, one by one", 5.0)):
        peer = next((row["files_per_s"] for row in rows if row["name"] == name), None)
        if peer:
            yield Target(f"small files: over {name}", ours / peer, bound)


def of_streams(streams):
    yield Target("TransformService at level 1: over a bare echo", streams["transform_mb_per_s"] / streams["echo_mb_per_s"],
                 0.8)


def of_latency(found):
    for load, figures in found["beside"].items():
        extra = found["codec_ms"] if load != "level 12" else found["codec_ms"] + found["chunk_12_ms"]
        yield Target(f"1 MiB beside a job at {load}: p50 beyond its codec", figures["p50_ms"] - extra, 15, False, "ms")
        yield Target(f"1 MiB beside a job at {load}: p99 beyond its codec", figures["p99_ms"] - extra, 40, False, "ms")


def of_report(report):
    for state in ("cold", "warm"):
        yield from of_compression(report.get(f"compress_{state}", []), state)
        yield from of_decompression(report.get(f"decompress_{state}", []), state)
    for part, check in (("codec", of_codec), ("small_files", of_small_files), ("streams", of_streams),
                        ("latency", of_latency)):
        if part in report:
            yield from check(report[part])


def print_targets(report):
    targets = list(of_report(report))
    if not targets:
        return []
    print("\ntargets")
    for target in targets:
        sign = ">=" if target.at_least else "<="
        print(f"  {'held  ' if target.held() else 'MISSED'}  {target.value:8.2f} {target.unit:<3} {sign} {target.bound:<5g} "
              f"{target.name}")
    held = sum(target.held() for target in targets)
    print(f"  {held} of {len(targets)} held")
    return [dataclasses.asdict(target) | {"held": target.held()} for target in targets]
