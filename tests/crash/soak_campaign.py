"""Mixed jobs for a long time, with cancellations and restarts at random: what the service takes of memory and of
descriptors has to stay flat for as long as one of its processes lives, and every round's files are judged.

One round: a workload of every kind of job in a directory of its own, some of its jobs cancelled. At the end of a
round nothing runs, and a sample is taken. The first samples of a process are its warming up and do not count.
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import judge
import workload
from service import Died, Service
from session import Session

WARM_UP_SHARE = 0.3  # of a process's life: pools, caches and the allocator's arenas fill
GROWTH_BYTES_MAX = 8 << 20  # from the first third of what counts to its last; the allocator's own ups and downs
GROWTH_PER_HOUR_MAX = 4 << 20  # on top of that, where a process lives that long
DESCRIPTORS_MAX = 3
SAMPLES_MIN = 9


class Sample:
    def __init__(self, process, jobs):
        self.seconds = time.monotonic()
        self.jobs = jobs
        self.descriptors = len(os.listdir(f"/proc/{process}/fd"))
        status = Path(f"/proc/{process}/status").read_text().split()
        self.resident = int(status[status.index("VmRSS:") + 1]) * 1024


def slope(points):
    """Of the line through (x, y) with the least squares."""
    xs, ys = zip(*points)
    x_mean, y_mean = statistics.fmean(xs), statistics.fmean(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    return sum((x - x_mean) * (y - y_mean) for x, y in points) / spread if spread else 0.0


def judge_life(samples, say=print):
    """What is wrong with a process that was seen so; nothing where it lived too short to tell."""
    counted = samples[int(len(samples) * WARM_UP_SHARE):]
    if len(counted) < SAMPLES_MIN:
        return []
    third = len(counted) // 3
    growth = (statistics.median(one.resident for one in counted[-third:])
              - statistics.median(one.resident for one in counted[:third]))
    descriptors = (statistics.median(one.descriptors for one in counted[-third:])
                   - statistics.median(one.descriptors for one in counted[:third]))
    hours = (counted[-1].seconds - counted[0].seconds) / 3600
    jobs = counted[-1].jobs - counted[0].jobs
    per_hour = slope([(one.seconds / 3600, one.resident) for one in counted])
    per_job = slope([(one.jobs, one.resident) for one in counted])
    fds_per_hour = slope([(one.seconds / 3600, one.descriptors) for one in counted])
    say(f"  a process seen for {hours * 3600:.0f} s and {jobs} jobs: resident {counted[-1].resident / 1e6:.1f} MB, "
        f"{per_hour / 1e6:+.2f} MB/h ({per_job / 1e3:+.2f} kB a job), {growth / 1e6:+.2f} MB from first third to last; "
        f"{counted[-1].descriptors} descriptors, {fds_per_hour:+.1f} an hour")
    found = []
    if growth > GROWTH_BYTES_MAX + GROWTH_PER_HOUR_MAX * hours:
        found.append(f"its resident memory grows: {growth / 1e6:.1f} MB in {hours * 3600:.0f} s and {jobs} jobs")
    if descriptors > DESCRIPTORS_MAX:
        found.append(f"its descriptors grow: {descriptors:.0f} in {hours * 3600:.0f} s and {jobs} jobs")
    return found


class Soak:
    def __init__(self, command, seed):
        self.rng = random.Random(seed)
        self.root = Path(tempfile.mkdtemp(prefix="peerpress-soak-"))
        self.service = Service(command, self.root / "state", self.root, ["jobs.running_max=3"])
        self.rounds = self.jobs = self.restarts = self.lives_judged = 0
        self.violations = []
        self.samples = []

    def start(self):
        self.service.start()
        self.samples = []

    def end_life(self):
        found = judge_life(self.samples, lambda line: print(line, flush=True))
        self.lives_judged += len(self.samples) * (1 - WARM_UP_SHARE) >= SAMPLES_MIN
        self.violations += found

    def round(self, restart):
        directory = self.root / f"round-{self.rounds}"
        directory.mkdir()
        made = workload.make(directory, self.rng.getrandbits(32), scale=0.3, cancels=True)
        session = Session(made, self.service, self.rng.getrandbits(32))
        workload.lay_out(made)
        if restart:
            self.interrupt(session)
        session.ask()
        if not session.wait_for_ends():
            session.violations.append("I3: jobs did not end")
        self.judge(made, session)
        self.rounds += 1
        self.jobs += len(made.jobs)
        self.samples.append(Sample(self.service.process.pid, self.jobs))
        shutil.rmtree(directory)

    def interrupt(self, session):
        """In the middle of its work, one way or the other."""
        try:
            session.ask()
            time.sleep(self.rng.uniform(0, 0.3))
        except Died:
            pass
        self.end_life()
        self.service.kill(self.rng.choice([signal.SIGKILL, signal.SIGTERM]))
        self.restarts += 1
        self.start()

    def judge(self, made, session):
        found = list(session.violations) + judge.judge_names(made, recovered=True)
        for job in made.jobs:
            state = session.known[job.key].state
            if state not in ({"SUCCEEDED", "CANCELLED"} if job.cancelled else {"SUCCEEDED"}):
                found.append(f"I3: {job.key} ended as {state}")
            for file in job.files:
                found += judge.judge_file(job, file, state == "SUCCEEDED")
        self.violations += [f"round {self.rounds}: {one}" for one in found]

    def run(self, seconds, lives):
        """So many processes, one after the other, each interrupted in its work at the end of its share."""
        began = time.monotonic()
        self.start()
        for life in range(1, lives + 1):
            while time.monotonic() < began + seconds * life / lives:
                self.round(restart=False)
                if self.violations:
                    return
            if life < lives:
                self.round(restart=True)
        self.end_life()

    def close(self):
        self.service.close()
        if self.violations:
            print(f"  kept as {self.root}", flush=True)
        else:
            shutil.rmtree(self.root)


def soak(command, seed, seconds, lives):
    one = Soak(command, seed)
    try:
        one.run(seconds, lives)
    finally:
        one.close()
    return one


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="the build's bin")
    parser.add_argument("--seconds", type=float, default=60, help="how long it goes on (%(default)s)")
    parser.add_argument("--lives", type=int, default=2, help="processes that share that time (%(default)s)")
    parser.add_argument("--control-seconds", type=float, default=20, help="of a service that leaks (%(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(31)
    programs = options.programs.resolve()
    print(f"seed {seed}", flush=True)
    one = soak([programs / "peerpressd"], seed, options.seconds, options.lives)
    violations = list(one.violations)
    if one.lives_judged < options.lives and not violations:
        violations.append("a process lived too short to be judged; give it more --seconds")
    print(f"soak: {one.rounds} rounds, {one.jobs} jobs, {one.restarts} restarts in {options.seconds:.0f} s; "
          f"{len(violations)} violations", flush=True)

    leaking = soak([programs / "breakable_peerpressd", "--leaking", "--"], seed, options.control_seconds, 1)
    caught = [violation for violation in leaking.violations if "grow" in violation]
    print(f"control, a service that leaks: {'caught: ' + '; '.join(caught) if caught else 'not caught'}", flush=True)
    shutil.rmtree(leaking.root, ignore_errors=True)
    if len(caught) < 2:
        violations.append("the control was not caught")
    for violation in violations[:20]:
        print(f"VIOLATION {violation}", flush=True)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
