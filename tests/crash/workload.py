"""Jobs of every kind over files that are known byte for byte: the model that the service is judged by.

It lives outside the service. A file knows what its source holds, what its destination held before and must hold in the
end; a job knows its files. What the service has acknowledged is kept apart (judge.Known), since it differs from one
moment to the next.
"""

import functools
import random
import uuid
import zlib
from dataclasses import dataclass, field
from pathlib import Path

COMPRESS, DECOMPRESS, COPY = "compress", "decompress", "copy"


@dataclass
class File:
    source: Path
    destination: Path
    content: bytes  # of the source
    wanted: bytes  # the destination's, decoded where it is compressed
    old: bytes | None = None  # what the destination held before


@dataclass
class Job:
    key: str
    request_id: str
    operation: str
    sources: list[Path]
    files: list[File]
    destination: Path | None = None
    destination_dir: Path | None = None
    overwrite: bool = False
    remove_sources: bool = False
    verify_full: bool = False
    level: int = 1
    cancelled: bool = False  # whether the harness is going to cancel it

    @property
    def recursive(self):
        return len(self.sources) == 1 and self.destination is None


@dataclass
class Workload:
    root: Path
    jobs: list[Job] = field(default_factory=list)

    def directories(self):
        """Everything a job may write to lies below one of these."""
        return [self.root / "source", self.root / "target"]


@functools.cache
def text_pool():
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(2000)]
    return " ".join(rng.choices(words, k=60000)).encode()


class Contents:
    """Bytes that compress about as text does, any number of them at little cost."""

    def __init__(self, rng):
        self.rng = rng

    def take(self, size):
        parts = []
        while size > 0:
            start = self.rng.randrange(len(text_pool()) - 1)
            parts.append(text_pool()[start : start + min(size, 5000)])
            size -= len(parts[-1])
        return b"".join(parts)


def gzip_members(plain, rng):
    """Several members, as `cat a.gz b.gz` makes them."""
    packed = b""
    cuts = sorted(rng.randrange(len(plain) + 1) for _ in range(rng.randint(0, 3)))
    for start, end in zip([0, *cuts], [*cuts, len(plain)]):
        packer = zlib.compressobj(level=rng.choice([1, 6]), wbits=31)
        packed += packer.compress(plain[start:end]) + packer.flush()
    return packed


class Maker:
    def __init__(self, root, seed):
        self.root = root
        self.rng = random.Random(seed)
        self.contents = Contents(self.rng)
        self.made = Workload(root)

    def request_id(self):
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def add(self, key, operation, **what):
        job = Job(key=key, request_id=self.request_id(), operation=operation, **what)
        self.made.jobs.append(job)

    def file(self, operation, source, destination, size, old=None):
        plain = self.contents.take(size)
        content = gzip_members(plain, self.rng) if operation == DECOMPRESS else plain
        return File(source=source, destination=destination, content=content, wanted=plain, old=old)

    def single(self, key, operation, size, **what):
        suffix = {COMPRESS: ("", ".gz"), DECOMPRESS: (".gz", ""), COPY: ("", "")}[operation]
        source = self.root / "source" / (key + suffix[0])
        destination = self.root / "target" / (key + suffix[1])
        old = self.contents.take(3000) if what.get("overwrite") else None
        file = self.file(operation, source, destination, size, old)
        self.add(key, operation, sources=[source], files=[file], destination=destination, **what)

    def tree(self, key, operation, sizes, beside=False, **what):
        """A tree with folders; its outputs lie in a mirror of it that is made on the way, or beside their sources."""
        suffix = {COMPRESS: ("", ".gz"), DECOMPRESS: (".gz", ""), COPY: ("", "")}[operation]
        top = self.root / "source" / key
        where = self.root / ("source" if beside else "target")
        files = []
        for index, size in enumerate(sizes):
            folder = ["", "a", "a/b", "c"][index % 4]
            below = Path(key) / folder / f"f{index}"
            old = self.contents.take(500) if what.get("overwrite") and index % 2 else None
            files.append(self.file(operation, (self.root / "source" / below).with_name(below.name + suffix[0]),
                                   (where / below).with_name(below.name + suffix[1]), size, old))
        self.add(key, operation, sources=[top], files=files, destination_dir=None if beside else where, **what)

    def small_sizes(self, count):
        return [self.rng.choice([0, 1, 700, 4096, 9000, 20000]) for _ in range(count)]


def make(root, seed, scale=1.0, cancels=False):
    """Single files, trees of small files, overwriting, decompressing, copies, removal of sources."""
    maker = Maker(Path(root), seed)
    large = lambda megabytes: int(megabytes * scale * 1e6) + maker.rng.randrange(5000)
    maker.single("one", COMPRESS, large(1.5))
    maker.tree("many", COMPRESS, maker.small_sizes(int(24 * scale) + 4))
    maker.single("over", COMPRESS, large(0.4), overwrite=True)
    maker.tree("beside", COMPRESS, maker.small_sizes(6), beside=True)
    maker.tree("overtree", COMPRESS, maker.small_sizes(8), overwrite=True)
    maker.single("back", DECOMPRESS, large(1.2))
    maker.tree("backtree", DECOMPRESS, maker.small_sizes(8))
    maker.tree("moved", COMPRESS, [300, 5000, large(0.2)], remove_sources=True)
    maker.single("copied", COPY, large(0.8))
    maker.single("checked", COMPRESS, large(0.6), verify_full=True, level=6)
    if cancels:
        maker.tree("given-up", COMPRESS, [*maker.small_sizes(12), large(0.5)], level=6)
        maker.single("given-up-over", COMPRESS, large(1.0), level=9, overwrite=True)
        for job in maker.made.jobs[-2:]:
            job.cancelled = True
    maker.rng.shuffle(maker.made.jobs)
    return maker.made


def lay_out(workload):
    """Writes the sources, and what destinations held before."""
    for directory in workload.directories():
        directory.mkdir(parents=True, exist_ok=True)
    for job in workload.jobs:
        for file in job.files:
            file.source.parent.mkdir(parents=True, exist_ok=True)
            file.source.write_bytes(file.content)
            if file.old is not None:
                file.destination.parent.mkdir(parents=True, exist_ok=True)
                file.destination.write_bytes(file.old)
