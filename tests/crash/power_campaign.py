"""Power cuts: what three disks (sources, targets, job store) may hold after one, at many places, mounted and judged.

A workload runs once on disks whose writes and flushes are logged (block_log). Then, for each place in that log that is
chosen, an image of each disk is built: all that was flushed by then, and of what was not an arbitrary part, in pages of
4 KiB. The images are mounted and judged; on some of them a service is started, which has to bring everything to its end.
"""

import argparse
import concurrent.futures
import copy
import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import block_log
import judge
import workload
from block_log import FLUSH, MARK, WRITE
from loop import Loop
from service import Died, Service
from session import Session

DISKS = {"source": 24, "target": 64, "state": 24}  # MiB
PAGE = 4096
# Chances that a page which was not flushed has arrived all the same; each disk draws its own.
ARRIVED = [0.0, 0.0, 0.1, 0.5, 0.9, 1.0]
NOTHING = [0.0]
PATIENCE = 60.0
CONTROLS = {"no data fsync": "--without-data-sync", "synchronous=NORMAL": "--without-full-sync",
            "no directory fsync": "--without-directory-sync"}


def make_image(path, megabytes):
    with open(path, "wb") as image:
        image.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^resize_inode", "-J", "size=4", "-N", "2048", "-E",
                    "lazy_itable_init=0,lazy_journal_init=0,nodiscard", str(path)], check=True)


def sync_file_systems(directories):
    for directory in directories:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            if block_log.libc.syncfs(descriptor) != 0:
                raise OSError(f"syncfs of {directory}")
        finally:
            os.close(descriptor)


class Disks:
    """Images, mounted below root under their names for as long as this lives."""

    def __init__(self, root, images):
        self.mounted = []
        # Side by side: mounting and unmounting are mostly waiting.
        self.threads = concurrent.futures.ThreadPoolExecutor(len(images))
        mounting = [self.threads.submit(self.mount, root / name, image) for name, image in images.items()]
        concurrent.futures.wait(mounting)
        failed = [one.exception() for one in mounting if one.exception()]
        if failed:
            self.close()
            raise failed[0]

    def mount(self, at, image):
        at.mkdir(parents=True, exist_ok=True)
        loop = Loop(image)
        try:
            block_log.mount(loop.path, at, "ext4")
            self.mounted.append(at)
        finally:
            loop.close()

    def close(self):
        list(self.threads.map(self.unmount, self.mounted))
        self.threads.shutdown()

    def unmount(self, at):
        for attempt in range(100):
            try:
                return block_log.unmount(at)
            except OSError:
                if attempt == 99:
                    raise
                time.sleep(0.02)


class Recording:
    """One workload on logged disks."""

    def __init__(self, work, seed, command):
        self.work = work
        self.root = work / "disks"
        self.images = {name: work / f"{name}.base" for name in DISKS}
        self.log = work / "log.blocks"
        self.workload = workload.make(self.root, seed, scale=0.5)
        self.command = command
        self.seed = seed

    def run(self):
        for name, megabytes in DISKS.items():
            make_image(self.images[name], megabytes)
        served = self.work / "served"
        served.mkdir()
        context = multiprocessing.get_context("spawn")
        ready = context.Event()
        logger = context.Process(target=block_log.serve, args=(served, self.images, self.log, ready))
        logger.start()
        try:
            if not ready.wait(30):
                raise TimeoutError("the logged disks do not come up")
            disks = Disks(self.root, {name: served / name for name in DISKS})
            self.mark = open(served / "mark", "wb", buffering=0)
            try:
                self.work_on_disks()
            finally:
                self.mark.close()
                disks.close()
        finally:
            block_log.unmount(served)
            logger.join(60)

    def work_on_disks(self):
        workload.lay_out(self.workload)
        sync_file_systems(self.root / name for name in DISKS)
        self.note(begin=True)
        session = Session(self.workload, Service(self.command, self.root / "state" / "store", self.work), self.seed)
        try:
            self.drive(session)
        finally:
            session.service.close()
        if session.violations or not session.all_ended():
            raise RuntimeError(f"the recorded run itself went wrong: {session.violations}")
        self.note(end=True)

    def drive(self, session):
        """Some jobs one after the other, the others together and with a kill among them, so that recovery is in the
        log, too."""
        session.service.start()
        half = len(self.workload.jobs) // 2
        for job in self.workload.jobs[:half]:
            session.create(job)
            self.note_known(session)
            while session.known[job.key].state is None:
                session.learn()
                time.sleep(0.005)
            self.note_known(session)
            time.sleep(0.05)
        for job in self.workload.jobs[half:]:
            session.create(job)
            self.note_known(session)
        time.sleep(0.05)
        session.service.kill()
        session.service.start()
        while not session.learn():
            self.note_known(session)
            time.sleep(0.005)
        self.note_known(session)
        session.service.kill(signal.SIGTERM)

    def note(self, **what):
        self.mark.write(json.dumps(what).encode())

    def note_known(self, session):
        """What has been said by now; a power cut after this may not take it back."""
        said = {key: [one.name, one.state, one.end_time] for key, one in session.known.items() if one.name}
        if said != getattr(self, "noted", None):
            self.note(known=said)
            self.noted = said


@dataclass
class Point:
    """A power cut: after so many records of the log, with this luck."""

    position: int
    seed: int
    chances: list
    serve: bool = False


@dataclass
class Verdict:
    images: int = 0
    served: int = 0
    bad: int = 0
    violations: list = field(default_factory=list)
    listening_seconds: float = 0.0


class Replay:
    """Walks along the log and gives the disks' images at places of it."""

    def __init__(self, recording):
        self.recording = recording
        self.records = block_log.read_log(recording.log)
        self.durable = [bytearray(image.read_bytes()) for image in recording.images.values()]
        self.pending = [[] for _ in self.durable]
        self.known = {job.key: judge.Known() for job in recording.workload.jobs}
        self.position = 0

    def advance(self, position):
        for kind, disk, offset, data in self.records[self.position : position]:
            if kind == WRITE:
                self.pending[disk].append((offset, data))
            elif kind == FLUSH:
                for at, bytes_ in self.pending[disk]:
                    self.durable[disk][at : at + len(bytes_)] = bytes_
                self.pending[disk].clear()
            elif kind == MARK:
                for key, said in json.loads(bytes(data)).get("known", {}).items():
                    self.known[key] = judge.Known(*said)
        self.position = position

    def images(self, point):
        rng = random.Random(point.seed)
        for disk, durable in enumerate(self.durable):
            image = bytearray(durable)
            chance = rng.choice(point.chances)
            for offset, data in self.pending[disk]:
                for start in range(0, len(data), PAGE):
                    if chance == 1.0 or (chance > 0 and rng.random() < chance):
                        page = data[start : start + PAGE]
                        image[offset + start : offset + start + len(page)] = page
            yield image


def judge_points(recording, points, programs):
    """For a process of its own, since it mounts at the recording's paths."""
    block_log.leave_mounts()
    verdict = Verdict()
    replay = Replay(recording)
    with tempfile.TemporaryDirectory(prefix="peerpress-power-", dir="/dev/shm") as work:
        for number, point in enumerate(sorted(points, key=lambda one: one.position)):
            replay.advance(point.position)
            # A fresh name each time: loop devices and the page cache remember old ones.
            images = {}
            for name, image in zip(DISKS, replay.images(point)):
                images[name] = Path(work) / f"{number}.{name}"
                images[name].write_bytes(image)
            violations = judge_images(recording, replay, images, point, programs, Path(work), verdict)
            verdict.images += 1
            verdict.bad += int(bool(violations))
            verdict.violations += [f"after record {point.position}, luck {point.seed} {point.chances}: {found}"
                                   for found in violations[:3]]
    return verdict


def judge_images(recording, replay, images, point, programs, work, verdict):
    try:
        disks = Disks(recording.root, images)
    except OSError as error:
        return [f"I6: {error}"]
    finally:
        # The loop device has them open.
        for image in images.values():
            image.unlink()
    session = Session(recording.workload, Service([programs / "peerpressd"], recording.root / "state" / "store", work),
                      point.seed, copy.deepcopy(replay.known))
    try:
        if session.service.state.exists() or any(said.name for said in session.known.values()):
            session.judge_dead()
        if point.serve and not session.violations:
            verdict.served += 1
            session.service.start()
            session.finish()
            verdict.listening_seconds = max(verdict.listening_seconds, session.service.worst_seconds)
    except Died:
        session.violations.append(f"it does not start: {(work / 'log').read_text()[-300:]}")
    finally:
        session.service.close()
        disks.close()
    return session.violations


def choose_points(records, images, served, seed, chances=ARRIVED):
    """Half of them right after a flush with nothing more on any disk, as evenly as they go; the others anywhere, with
    any luck. images 0: every flush, and 50 lucky ones between each and the next."""
    rng = random.Random(seed)
    begin = next(at for at, (kind, _, _, data) in enumerate(records) if kind == MARK and b"begin" in bytes(data))
    flushes = [at + 1 for at, record in enumerate(records) if record[0] == FLUSH and at > begin]
    if images == 0:
        points = [Point(at, rng.getrandbits(32), NOTHING) for at in flushes]
        for start, end in zip([begin + 1, *flushes], [*flushes, len(records)]):
            points += [Point(rng.randint(start, end), rng.getrandbits(32), chances) for _ in range(50)]
    else:
        count = min(images // 2, len(flushes))
        points = [Point(flushes[index * len(flushes) // count], rng.getrandbits(32), NOTHING) for index in range(count)]
        points += [Point(rng.randint(begin + 1, len(records)), rng.getrandbits(32), chances)
                   for _ in range(images - count)]
    for point in rng.sample(points, min(served, len(points))):
        point.serve = True
    return points, len(flushes)


class Campaign:
    def __init__(self, programs, seed, workers, work):
        self.programs = programs
        self.seed = seed
        self.workers = workers
        self.work = work
        self.pool = concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))

    def record(self, name, command):
        """In a process of its own, whose mounts nobody else sees."""
        work = self.work / name
        work.mkdir()
        recording = Recording(work, self.seed, command)
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as one:
            one.submit(run_recording, recording).result()
        return recording

    def judge(self, recording, points):
        shares = [points[index :: self.workers] for index in range(self.workers)]
        total = Verdict()
        for done in [self.pool.submit(judge_points, recording, share, self.programs) for share in shares]:
            verdict = done.result()
            total.images += verdict.images
            total.served += verdict.served
            total.bad += verdict.bad
            total.violations += verdict.violations
            total.listening_seconds = max(total.listening_seconds, verdict.listening_seconds)
        return total

    def cuts(self, images, served):
        recording = self.record("cuts", [self.programs / "peerpressd"])
        records = block_log.read_log(recording.log)
        points, flushes = choose_points(records, images, served, self.seed)
        writes = sum(1 for record in records if record[0] == WRITE)
        verdict = self.judge(recording, points)
        for violation in verdict.violations[:20]:
            print(f"VIOLATION {violation}", flush=True)
        print(f"power cuts: {verdict.images} images of a run of {writes} writes and {flushes} flushes on {len(DISKS)} disks, "
              f"a service on {verdict.served}, listening after {verdict.listening_seconds:.2f} s at most: {verdict.bad} bad "
              f"images; seed {self.seed}", flush=True)
        return verdict.bad

    def control(self, name, fault, images):
        """The same, of a service that leaves a flush out: the harness has to find it."""
        recording = self.record(fault, [self.programs / "breakable_peerpressd", fault, "--"])
        points, _ = choose_points(block_log.read_log(recording.log), images, 0, self.seed, NOTHING)
        verdict = self.judge(recording, points)
        print(f"control, {name}: {verdict.bad} of {verdict.images} images bad", flush=True)
        if verdict.bad == 0:
            print(f"VIOLATION the control was not caught: {name}", flush=True)
        return 0 if verdict.bad else 1


def run_recording(recording):
    block_log.leave_mounts()
    recording.run()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="the build's bin")
    parser.add_argument("--images", type=int, default=300, help="0: every flush and 50 between each two (%(default)s)")
    parser.add_argument("--served", type=int, default=100, help="images a service is started on (%(default)s)")
    parser.add_argument("--control-images", type=int, default=60, help="of each control (%(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=2 * os.cpu_count(), help="they wait a lot (%(default)s)")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(31)
    work = Path(tempfile.mkdtemp(prefix="peerpress-power-", dir="/dev/shm"))
    failed = 0
    try:
        campaign = Campaign(options.programs.resolve(), seed, options.workers, work)
        failed += campaign.cuts(options.images, options.served)
        for name, fault in CONTROLS.items():
            failed += campaign.control(name, fault, options.control_images)
    finally:
        shutil.rmtree(work)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
