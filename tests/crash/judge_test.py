"""What the campaigns judge by finds what is planted: each violation in its turn, and nothing where there is none."""

import os
import sqlite3
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import judge
import workload
from workload import COMPRESS

JOBS = """CREATE TABLE jobs (row INTEGER PRIMARY KEY, id BLOB, state INTEGER, end_time INTEGER, request BLOB);
          CREATE TABLE files (job INTEGER, source BLOB, failed INTEGER);"""


def pack(plain):
    packer = zlib.compressobj(wbits=31)
    return packer.compress(plain) + packer.flush()


class Judge(unittest.TestCase):
    """A service that did everything right; each test then breaks one thing."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.made = workload.make(self.root, seed=7, scale=0.05)
        workload.lay_out(self.made)
        self.known = {}
        for row, job in enumerate(self.made.jobs):
            self.known[job.key] = judge.Known(f"jobs/{row}", "SUCCEEDED", 1000 + row)
            for file in job.files:
                file.destination.parent.mkdir(parents=True, exist_ok=True)
                file.destination.write_bytes(pack(file.wanted) if job.operation == COMPRESS else file.wanted)
                if job.remove_sources:
                    file.source.unlink()
        (self.root / "state").mkdir()
        self.write_store()

    def write_store(self):
        self.database = self.root / "state" / "jobs.sqlite3"
        with sqlite3.connect(self.database) as db:
            db.executescript(JOBS)
            for row, job in enumerate(self.made.jobs):
                db.execute("INSERT INTO jobs VALUES (?, ?, 2, ?, ?)", (row, b"%d" % row, 1000 + row, job.request_id.encode()))
                for file in job.files:
                    db.execute("INSERT INTO files VALUES (?, ?, 0)", (row, str(file.source).encode()))
        db.close()

    def change_store(self, statement):
        with sqlite3.connect(self.database) as db:
            db.execute(statement)
        db.close()

    def job(self, key):
        return next(job for job in self.made.jobs if job.key == key)

    def file(self, key):
        return self.job(key).files[0]

    def violations(self):
        store = judge.read_store(self.root / "state")
        crashed = judge.judge_crashed(self.made, self.known, store)
        return crashed, judge.judge_recovered(self.made, self.known, store)

    def assert_found(self, invariant, at_once=True):
        """After recovery in any case, and where it may never be also in the moment of a crash."""
        crashed, recovered = self.violations()
        self.assertTrue(any(found.startswith(invariant) for found in recovered), recovered)
        self.assertEqual(any(found.startswith(invariant) for found in crashed), at_once, crashed)

    def test_finds_nothing_where_all_is_well(self):
        self.assertEqual(self.violations(), ([], []))

    def test_takes_what_was_not_begun_for_untouched(self):
        for job in self.made.jobs:
            self.known[job.key] = judge.Known()
            for file in job.files:
                file.source.write_bytes(file.content)
                if file.old is None:
                    file.destination.unlink()
                else:
                    file.destination.write_bytes(file.old)
        self.database.unlink()
        self.assertEqual(self.violations()[0], [])

    def test_finds_a_half_written_destination(self):
        path = self.file("one").destination
        path.write_bytes(path.read_bytes()[:-9])
        self.assert_found("I1")
        self.assert_found("I8")

    def test_finds_an_empty_destination(self):
        self.file("copied").destination.write_bytes(b"")
        self.assert_found("I1")

    def test_finds_a_destination_of_other_content(self):
        path = self.file("checked").destination
        path.write_bytes(pack(self.file("checked").wanted + b"!"))
        self.assert_found("I1")

    def test_finds_garbage_behind_the_last_member(self):
        path = self.file("one").destination
        path.write_bytes(path.read_bytes() + b"\0")
        self.assert_found("I1")

    def test_finds_the_loss_of_what_was_to_be_replaced(self):
        self.file("over").destination.unlink()
        self.assert_found("I1")

    def test_finds_a_finished_destination_that_is_gone(self):
        self.file("back").destination.unlink()
        self.assert_found("I8")

    def test_finds_the_old_file_where_success_was_reported(self):
        self.file("over").destination.write_bytes(self.file("over").old)
        self.assert_found("I8")

    def test_finds_an_acknowledged_job_missing(self):
        self.change_store("DELETE FROM jobs WHERE row = 3")
        self.change_store("DELETE FROM files WHERE job = 3")
        self.assert_found("I2")

    def test_finds_a_request_that_made_two_jobs(self):
        self.change_store("INSERT INTO jobs SELECT 99, x'3939', state, end_time, request FROM jobs WHERE row = 3")
        self.assert_found("I2")

    def test_finds_a_second_end(self):
        self.change_store("UPDATE jobs SET end_time = 5 WHERE row = 2")
        self.assert_found("I3")

    def test_finds_an_end_taken_back(self):
        self.change_store("UPDATE jobs SET state = 1, end_time = NULL WHERE row = 2")
        self.assert_found("I3")

    def test_finds_a_job_that_failed(self):
        self.change_store("UPDATE jobs SET state = 3 WHERE row = 2")
        self.known[self.made.jobs[2].key].state = None
        self.assert_found("I3", at_once=False)

    def test_finds_a_cancellation_taken_back(self):
        self.change_store("UPDATE jobs SET state = 0, end_time = NULL WHERE row = 2")
        self.known[self.made.jobs[2].key] = judge.Known("jobs/2", cancel_asked=True)
        self.assert_found("I3")

    def test_finds_a_file_reported_twice(self):
        self.change_store("INSERT INTO files SELECT * FROM files WHERE job = 1 LIMIT 1")
        self.assert_found("I3", at_once=False)

    def test_finds_a_file_never_reported(self):
        self.change_store("DELETE FROM files WHERE rowid = (SELECT min(rowid) FROM files)")
        self.assert_found("I3", at_once=False)

    def test_finds_a_temporary(self):
        (self.root / "target" / ".peerpress-1-2-3.partial").write_bytes(b"half")
        self.assert_found("I4", at_once=False)

    def test_finds_a_file_that_is_nobodys(self):
        (self.root / "source" / "core").write_bytes(b"")
        self.assert_found("I4")

    def test_finds_a_damaged_store(self):
        content = bytearray(self.database.read_bytes())
        content[4096:4296] = b"\xff" * 200
        self.database.write_bytes(content)
        self.assert_found("I6")

    def test_finds_a_store_that_was_set_aside(self):
        (self.root / "state" / "jobs.sqlite3.corrupt-1").write_bytes(b"")
        self.assert_found("I6")

    def test_finds_a_changed_source(self):
        path = self.file("one").source
        path.write_bytes(path.read_bytes()[:-1] + b"?")
        self.assert_found("I7")

    def test_finds_a_missing_source(self):
        self.file("one").source.unlink()
        self.assert_found("I7")

    def test_finds_a_source_removed_too_early(self):
        self.file("moved").destination.unlink()
        self.assert_found("I7")


if __name__ == "__main__":
    unittest.main()
