"""Whether a state directory and the files beside it keep the invariants. Every function gives a list of violations.

    I1  a destination is absent, untouched or complete
    I2  a job that was acknowledged is there
    I3  a job has one terminal state, and each of its files is reported once
    I4  no temporaries after recovery
    I6  the job store is whole
    I7  a source is as it was, or removed after its output was complete where that was asked for
    I8  what is reported as done decodes to its source

I5, that a device's memory comes back, needs such a device: tests/vm has it.
"""

import collections
import fnmatch
import shutil
import sqlite3
import tempfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from workload import COMPRESS

# jobs::job_state
STATES = ["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLING", "CANCELLED", "PARTIAL"]
TERMINAL = {"SUCCEEDED", "FAILED", "CANCELLED", "PARTIAL"}
TEMPORARY = ".peerpress-*.partial"


@dataclass
class Known:
    """What the service has said of a job so far. Nothing of it may ever be taken back."""

    name: str | None = None  # acknowledged
    state: str | None = None  # terminal, as seen
    end_time: int | None = None
    cancel_asked: bool = False  # and acknowledged


@dataclass
class StoredJob:
    state: str
    end_time: int | None
    request_id: str
    files: list = field(default_factory=list)  # (source, failed)


@dataclass
class Store:
    jobs: dict = field(default_factory=dict)  # by name
    troubles: list = field(default_factory=list)


def read_store(state_directory):
    """From a copy: opening a database recovers it, which is the service's work and not ours."""
    store = Store()
    path = Path(state_directory) / "jobs.sqlite3"
    aside = [entry.name for entry in Path(state_directory).glob("*.corrupt-*")]
    if aside:
        store.troubles.append(f"I6: the store was set aside as {aside}")
    if not path.exists():
        return store
    with tempfile.TemporaryDirectory(dir="/dev/shm") as copy:
        for suffix in ["", "-wal"]:
            if Path(f"{path}{suffix}").exists():
                shutil.copyfile(f"{path}{suffix}", f"{copy}/jobs.sqlite3{suffix}")
        try:
            read_tables(f"{copy}/jobs.sqlite3", store)
        except sqlite3.Error as error:
            store.troubles.append(f"I6: the store cannot be read: {error}")
    return store


def read_tables(path, store):
    db = sqlite3.connect(path)
    try:
        verdict = db.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            store.troubles.append(f"I6: integrity_check says {verdict}")
        if db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'jobs'").fetchone()[0] == 0:
            return  # killed before its first migration
        if "request" not in {column[1] for column in db.execute("PRAGMA table_info(jobs)")}:
            # Or between two of them, each of which is a transaction: there was nobody yet to ask for a job.
            if db.execute("SELECT count(*) FROM jobs").fetchone()[0] != 0:
                store.troubles.append("I6: a store that is not up to date has jobs")
            return
        names = {}
        for row, name, state, end_time, request_id in db.execute("SELECT row, id, state, end_time, request FROM jobs"):
            names[row] = "jobs/" + name.decode()
            store.jobs[names[row]] = StoredJob(STATES[state], end_time, (request_id or b"").decode())
        for row, source, failed in db.execute("SELECT job, source, failed FROM files"):
            store.jobs[names[row]].files.append((source, failed))
    finally:
        db.close()


def inflate(packed):
    """What a strict decoder makes of gzip members, or None."""
    plain = []
    try:
        while packed or not plain:
            decoder = zlib.decompressobj(wbits=31)
            plain.append(decoder.decompress(packed) + decoder.flush())
            if not decoder.eof:
                return None
            packed = decoder.unused_data
    except zlib.error:
        return None
    return b"".join(plain)


def content_of(path):
    """None where there is nothing; a read error is a content that fits nothing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"unreadable: {error}".encode()


def is_complete(job, file, content):
    if content is None:
        return False
    return (inflate(content) if job.operation == COMPRESS else content) == file.wanted


def judge_file(job, file, must_be_done):
    """I1, I7, I8 of one file."""
    content = content_of(file.destination)
    complete = is_complete(job, file, content)
    found = []
    if not complete and content != file.old:
        what = "is gone" if content is None else f"has {len(content)} bytes, neither old nor complete"
        found.append(f"I1: {job.key}: {file.destination} {what}")
    if must_be_done and not complete:
        found.append(f"I8: {job.key}: {file.destination} was reported as done and is not")
    source = content_of(file.source)
    if source != file.content:
        removed = source is None and job.remove_sources
        if not removed:
            found.append(f"I7: {job.key}: the source {file.source} {'is gone' if source is None else 'has changed'}")
        elif not complete:
            found.append(f"I7: {job.key}: {file.source} was removed before its output was complete")
    return found


def names_below(directories):
    found = set()
    for directory in directories:
        for path in directory.rglob("*"):
            if path.is_dir() or path.name == "lost+found":
                continue
            found.add(path)
    return found


def judge_names(workload, recovered):
    """I4, and that nothing else lies about either."""
    expected = set()
    for job in workload.jobs:
        for file in job.files:
            expected.update([file.source, file.destination])
    found = []
    for path in names_below(workload.directories()) - expected:
        if recovered or not fnmatch.fnmatch(path.name, TEMPORARY):
            found.append(f"I4: {path} is left over")
    return found


def judge_known(workload, known, store):
    """I2 and I3: what was said holds."""
    found = list(store.troubles)
    for job in workload.jobs:
        said = known[job.key]
        if said.name is None:
            continue
        stored = store.jobs.get(said.name)
        if stored is None:
            found.append(f"I2: {job.key}: {said.name} was acknowledged and is not in the store")
            continue
        if said.state is not None and (stored.state, stored.end_time) != (said.state, said.end_time):
            found.append(f"I3: {job.key}: was {said.state} ({said.end_time}), is {stored.state} ({stored.end_time})")
        if said.cancel_asked and stored.state not in TERMINAL | {"CANCELLING"}:
            found.append(f"I3: {job.key}: was cancelled and is {stored.state}")
    requests = collections.Counter(stored.request_id for stored in store.jobs.values())
    for request_id, count in requests.items():
        if count > 1:
            found.append(f"I2: request {request_id} made {count} jobs")
    return found


def judge_crashed(workload, known, store):
    """At any moment: the service is dead, nothing has been recovered."""
    found = judge_known(workload, known, store) + judge_names(workload, recovered=False)
    by_request = {stored.request_id: stored for stored in store.jobs.values()}
    for job in workload.jobs:
        stored = by_request.get(job.request_id)
        reported = {source for source, failed in stored.files if not failed} if stored else set()
        succeeded = known[job.key].state == "SUCCEEDED" or (stored is not None and stored.state == "SUCCEEDED")
        for file in job.files:
            found += judge_file(job, file, succeeded or str(file.source).encode() in reported)
    return found


def judge_recovered(workload, known, store):
    """Everything has come to its end."""
    found = judge_known(workload, known, store) + judge_names(workload, recovered=True)
    for job in workload.jobs:
        stored = store.jobs.get(known[job.key].name)
        if stored is None:
            if known[job.key].name is None:
                found.append(f"I2: {job.key} was never taken")
            continue
        allowed = {"SUCCEEDED", "CANCELLED"} if job.cancelled else {"SUCCEEDED"}
        if stored.state not in allowed:
            found.append(f"I3: {job.key} ended as {stored.state}")
        found += judge_reports(job, stored)
        for file in job.files:
            found += judge_file(job, file, stored.state == "SUCCEEDED")
    return found


def judge_reports(job, stored):
    """Each file once, and nothing else: of its own outputs, which a walk may come upon, not a word."""
    counts = collections.Counter(source for source, _ in stored.files)
    sources = {str(file.source).encode() for file in job.files}
    found = [f"I3: {job.key}: {source!r} was reported {count} times" for source, count in counts.items() if count > 1]
    found += [f"I3: {job.key}: {source!r} is none of its files" for source in counts.keys() - sources]
    if stored.state == "SUCCEEDED":
        found += [f"I3: {job.key}: {source!r} was never reported" for source in sources - counts.keys()]
        found += [f"I3: {job.key}: {source!r} failed" for source, failed in stored.files if failed]
    return found
