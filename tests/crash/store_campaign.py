"""The job store in trouble: a hundred thousand queued jobs, a full disk, a read-only one, flipped bits, other schemas.

What was acknowledged is there afterwards, or it is said loudly that it is not; never is a queue silently empty.
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import uuid
import zlib
from pathlib import Path

import grpc
from google.rpc import error_details_pb2, status_pb2
from peerpress.v1 import job_service_pb2 as v1

import block_log
import judge
import workload
from service import Died, Service
from session import Session

TEST_OPERATION = 3  # decodes and writes nothing, so that any number of jobs may have one source
RESIDENT_BYTES_MAX = 512 << 20


class Failed(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Failed(what)


class Place:
    """A directory with a service in it; kept where the part fails."""

    def __init__(self, programs, settings=()):
        self.work = Path(tempfile.mkdtemp(prefix="peerpress-store-"))
        self.state = self.work / "state"
        self.service = Service([programs / "peerpressd"], self.state, self.work, settings)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.service.close()
        if kind is None:
            shutil.rmtree(self.work)
        else:
            print(f"  kept as {self.work}", flush=True)

    def database(self):
        return sqlite3.connect(self.state / "jobs.sqlite3")

    def log(self):
        return (self.work / "log").read_text(errors="replace")

    def resident_bytes(self):
        status = Path(f"/proc/{self.service.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def session(self, seed):
        made = workload.make(self.work, seed, scale=0.2)
        workload.lay_out(made)
        return Session(made, self.service, seed)


def reason_of(error):
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            info = error_details_pb2.ErrorInfo()
            if status.details and status.details[0].Unpack(info):
                return info.reason
    return ""


def queue_many(place, count):
    """As so many requests would have left them; asking for each would take longer than the test may."""
    source = place.work / "one.gz"
    packer = zlib.compressobj(wbits=31)
    source.write_bytes(packer.compress(b"text") + packer.flush())
    spec = v1.JobSpec(operation=TEST_OPERATION, sources=[bytes(source)], level=1, member_bytes=1 << 20)
    place.service.start()
    place.service.kill(signal.SIGTERM)
    with place.database() as db:
        rows = ((str(uuid.uuid4()).encode(), spec.SerializeToString(), 1_700_000_000_000_000 + index,
                 os.getuid(), os.getgid()) for index in range(count))
        db.executemany("INSERT INTO jobs (id, spec, state, priority, create_time, owner, owner_group) "
                       "VALUES (?, ?, 0, 0, ?, ?, ?)", rows)
    db.close()


def ended_jobs(place):
    copy = place.work / "copy"
    shutil.copytree(place.state, copy)
    db = sqlite3.connect(copy / "jobs.sqlite3")
    ended = db.execute("SELECT row, state, end_time FROM jobs WHERE end_time IS NOT NULL ORDER BY row").fetchall()
    count = db.execute("SELECT count(*) FROM jobs").fetchone()[0]
    db.close()
    shutil.rmtree(copy)
    return count, ended


def many_jobs(programs, count, kills):
    """Killed and started with a long queue: it answers at once, goes on in order, and repeats nothing that has ended."""
    with Place(programs, ["jobs.queued_max=1000000", "jobs.keep_max=1000000", "jobs.running_max=1"]) as place:
        queue_many(place, count)
        before = []
        resident = 0
        for _ in range(kills):
            place.service.start()
            time.sleep(0.5)
            resident = max(resident, place.resident_bytes())
            place.service.kill()
            total, ended = ended_jobs(place)
            require(total == count, f"{total} of {count} jobs are left")
            require(ended[: len(before)] == before, "a job ended twice, or its end was taken back")
            require([row for row, _, _ in ended] == list(range(1, len(ended) + 1)), "jobs ran out of their order")
            require(len(ended) > len(before), "no job came to its end")
            require(all(judge.STATES[state] == "SUCCEEDED" for _, state, _ in ended), "a job failed")
            before = ended
        require(place.service.late_seconds is None, f"it took {place.service.late_seconds} s to listen")
        require(resident < RESIDENT_BYTES_MAX, f"it took {resident >> 20} MiB of memory")
        return (f"{count} queued jobs: {kills} kills, listening after {place.service.worst_seconds:.2f} s at most, "
                f"{resident >> 20} MiB resident, {len(before)} ended in their order")


def full_disk(programs, _):
    """Nothing more is acknowledged, nothing acknowledged is lost; with room again all goes on by itself."""
    with Place(programs) as place:
        place.state.mkdir()
        block_log.mount("tmpfs", place.state, "tmpfs", 0, "size=2m,mode=700")
        try:
            session = place.session(seed=11)
            place.service.start()
            jobs = session.workload.jobs
            for job in jobs[:3]:
                session.create(job)
            fill(place.state / "ballast")
            refused = count_refusals(session, jobs[3:])
            place.service.kill()  # and the start after it finds no room either
            place.service.start()
            refused += count_refusals(session, jobs[3:])
            (place.state / "ballast").unlink()
            session.ask()
            require(session.wait_for_ends(), "with room again the jobs did not end")
            store = judge.read_store(place.state)
            lost = [said.name for said in session.known.values() if said.name not in store.jobs]
            require(not lost and not store.troubles, f"lost: {lost}; {store.troubles}")
            states = [said.state for said in session.known.values()]
            # A job that ran while nothing could be written down failed, and says so; its files are as they have to be.
            found = [one for one in judge.judge_crashed(session.workload, session.known, store)]
            require(not found, f"{found}")
            place.service.kill(signal.SIGTERM)
        finally:
            place.service.close()
            block_log.unmount(place.state)
        return f"full disk: {refused} requests refused (NO_SPACE), {states.count('SUCCEEDED')} of {len(states)} jobs succeeded"


def fill(path):
    with open(path, "wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass


def count_refusals(session, jobs):
    for job in jobs:
        try:
            session.create(job)
        except grpc.RpcError as error:
            require(error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED and reason_of(error) == "NO_SPACE",
                    f"a full disk is {error.code()} {reason_of(error)}: {error.details()}")
            continue
        raise Failed(f"{job.key} was acknowledged on a full disk")
    return len(jobs)


def small_store(programs, place):
    """Some jobs that have ended and some that have not, in a store that was left in order."""
    session = place.session(seed=5)
    place.service.start()
    session.ask()
    require(session.wait_for_ends(), "the jobs did not end")
    place.service.kill(signal.SIGTERM)
    shutil.copytree(place.state, place.work / "pristine")
    return [said.name for said in session.known.values()]


def restore(place):
    shutil.rmtree(place.state)
    shutil.copytree(place.work / "pristine", place.state)
    (place.work / "log").write_text("")


def fails_to_start(place):
    """What it says where it does not start."""
    try:
        place.service.start()
    except Died:
        status = place.service.process.wait(10)
        require(status == 1, f"it ended with status {status}")
        return place.log()
    place.service.kill()
    return None


def other_schemas(programs, _):
    """An older store is taken over with all its jobs; a newer one is refused, by name, and left as it is."""
    with Place(programs) as place:
        names = small_store(programs, place)
        restore(place)
        with place.database() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            for index in ("jobs_of_owner", "jobs_request"):
                db.execute(f"DROP INDEX {index}")
            for column in ("paths", "owner", "owner_group", "owner_identity", "request"):
                db.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
            db.execute("PRAGMA user_version = 1")
        db.close()
        place.service.start()
        for name in names:
            require(place.service.look(name)[0] == "SUCCEEDED", f"{name} of the older store is not there")
        place.service.kill(signal.SIGTERM)
        with place.database() as db:
            require(db.execute("PRAGMA user_version").fetchone()[0] == version, "the older store was not brought up to date")
        db.close()

        restore(place)
        with place.database() as db:
            db.execute("PRAGMA user_version = 1000")
        db.close()
        path = place.state / "jobs.sqlite3"
        before = hashlib.sha256(path.read_bytes()).digest()
        said = fails_to_start(place)
        require(said and str(path) in said and "newer" in said, f"a newer store: {said!r}")
        require(hashlib.sha256(path.read_bytes()).digest() == before, "the newer store was changed")
        return "schemas: an older one taken over, a newer one refused"


def read_only(programs, _):
    """A store that cannot be written is no store: the service says which file, and does not start."""
    with Place(programs) as place:
        small_store(programs, place)
        restore(place)
        ms_rdonly, ms_remount, ms_bind = 1, 32, 4096
        block_log.mount(place.state, place.state, "none", ms_bind)
        try:
            block_log.mount("none", place.state, "none", ms_bind | ms_remount | ms_rdonly)
            said = fails_to_start(place)
        finally:
            block_log.unmount(place.state)
        require(said and str(place.state) in said, f"a read-only store: {said!r}")
        return "read-only disk: refused, by name"


def damage(path, rng):
    content = bytearray(path.read_bytes())
    at = rng.randrange(len(content))
    kind = rng.choice(["bit", "bit", "page", "end"])
    if kind == "bit":
        content[at] ^= 1 << rng.randrange(8)
    elif kind == "page":
        content[at // 4096 * 4096 : at // 4096 * 4096 + 4096] = bytes(4096)
    else:
        del content[at:]
    path.write_bytes(content)


def flipped_bits(programs, count, seed):
    """Either every job is still there, or it is said that the store is damaged, and the damaged one is kept."""
    rng = random.Random(seed)
    outcomes = {"all there": 0, "set aside": 0, "refused": 0}
    with Place(programs) as place:
        names = small_store(programs, place)
        for _ in range(count):
            restore(place)
            damage(place.state / "jobs.sqlite3", rng)
            outcomes[outcome_of_damage(place, names)] += 1
    return f"damaged stores: {count}, " + ", ".join(f"{number} {what}" for what, number in outcomes.items()) + f"; seed {seed}"


def outcome_of_damage(place, names):
    try:
        place.service.start()
    except Died:
        status = place.service.process.wait(10)
        require(status == 1 and "jobs.sqlite3" in place.log(), f"it ended with {status}: {place.log()!r}")
        return "refused"
    try:
        aside = [path for path in place.state.glob("jobs.sqlite3.corrupt-*") if path.suffix not in ("-wal", "-shm")]
        if aside:
            require("DAMAGED" in place.log() and str(aside[0]) in place.log(), "it was set aside without a word")
            return "set aside"
        for name in names:
            try:
                place.service.look(name)
            except grpc.RpcError as error:
                # An answer that says so is loud enough; that there never was such a job is not.
                require(error.code() == grpc.StatusCode.DATA_LOSS, f"{name} is gone without a word: {error.details()}")
        return "all there"
    finally:
        place.service.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="the build's bin")
    parser.add_argument("--queued", type=int, default=100_000, help="jobs in the queue (%(default)s)")
    parser.add_argument("--damaged", type=int, default=60, help="stores that are damaged (%(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(31)
    programs = options.programs.resolve()
    block_log.leave_mounts()
    parts = [(many_jobs, options.queued, 3), (full_disk, None), (other_schemas, None), (read_only, None),
             (flipped_bits, options.damaged, seed)]
    failed = 0
    for part, *arguments in parts:
        try:
            print(part(programs, *arguments), flush=True)
        except Failed as error:
            failed += 1
            print(f"VIOLATION {part.__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
