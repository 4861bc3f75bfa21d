"""kill -9, at each durable step and at random moments; after each, everything has to be as docs/reliability.md says.

One round: a workload in a directory of its own, killed once or several times, judged while the service is dead, started
again, asked again with the same request_ids, and judged once more when all jobs have ended.
"""

import argparse
import concurrent.futures
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

import workload
from service import Died, Service
from session import Session

# What breakable_peerpressd can die at; the production program tells nobody of them.
STEPS = ["output_created", "data_written", "sealed", "data_synced", "prepared_told", "output_linked",
         "output_published", "directory_synced", "source_removed", "finished_told", "store_syncing", "store_synced"]


@dataclass
class Result:
    name: str
    kills: int = 0
    kills_at_work: int = 0  # while a job had not ended
    violations: list = field(default_factory=list)
    listening_seconds: float = 0.0
    jobs: int = 0
    files: int = 0
    counts: dict = field(default_factory=dict)  # of steps, where it was not killed
    seconds: float = 0.0  # from its start to its last job's end, then


class Round(Session):
    def __init__(self, name, seed, command, scale=1.0, cancels=False, keep=True):
        self.keep = keep
        self.work = Path(tempfile.mkdtemp(prefix="peerpress-crash-"))
        made = workload.make(self.work, seed, scale, cancels)
        super().__init__(made, Service(command, self.work / "state", self.work, ["jobs.running_max=3"]), seed)
        self.result = Result(name, violations=self.violations, jobs=len(made.jobs),
                             files=sum(len(job.files) for job in made.jobs))
        workload.lay_out(made)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.service.close()
        self.result.listening_seconds = self.service.worst_seconds
        if (self.violations and self.keep) or kind is not None:
            print(f"  {self.result.name}: kept as {self.work}", flush=True)
        else:
            shutil.rmtree(self.work)


def count_steps(seed, programs, faults=()):
    """How often each step comes where nothing goes wrong."""
    with Round("counting", seed, [programs / "breakable_peerpressd", *faults, "--"]) as one:
        began = time.monotonic()
        one.service.start()
        one.ask()
        one.wait_for_ends()
        one.result.seconds = time.monotonic() - began
        one.finish()
        said = (one.work / "said").read_text().split()
        one.result.counts = {name: int(count) for name, count in zip(said[::2], said[1::2])}
    return one.result


def kill_at_step(step, occurrence, seed, programs, faults=()):
    """Fewer may come than were counted, since files gather into groups by chance: then an earlier one is taken."""
    while True:
        name = f"{step}:{occurrence}{' ' + ' '.join(faults) if faults else ''} seed {seed}"
        # Of a control a violation is what is wanted.
        with Round(name, seed, [programs / "peerpressd"], keep="--without-prepared" not in faults) as one:
            killed = run_until_step(one, step, occurrence, programs, faults)
            if killed:
                one.result.kills = 1
                one.result.kills_at_work = int(not one.all_ended())
                one.judge_dead()
                one.service.start()
                one.finish()
        if killed or one.violations:
            return one.result
        if occurrence == 1:
            one.violations.append("the step never came")
            return one.result
        occurrence = max(1, occurrence // 2)


def run_until_step(one, step, occurrence, programs, faults):
    plain = one.service.command
    one.service.command = [str(programs / "breakable_peerpressd"), "--kill-at", f"{step}:{occurrence}", *faults, "--",
                           *plain[1:]]
    try:
        one.service.start()
        one.ask()
        one.wait_for_ends()
        # The last store step may be one that nobody waits for.
        one.service.process.wait(0.5)
    except Died:
        one.service.process.wait(10)
    except subprocess.TimeoutExpired:
        pass
    killed = one.service.process.poll() == -signal.SIGKILL
    if not killed:
        one.service.kill(signal.SIGTERM)
    one.service.kill()
    one.service.command = plain
    one.service.worst_seconds = 0.0
    return killed


def kill_at_random(seed, kills, programs, seconds_max):
    """One workload, killed again and again until its jobs have ended or `kills` are reached."""
    rng = random.Random(seed)
    # Half of the rounds take the program as it is shipped, half one that knows no unnamed files.
    named = rng.random() < 0.5
    command = [programs / "breakable_peerpressd", "--named-outputs", "--"] if named else [programs / "peerpressd"]
    with Round(f"random {'named ' if named else ''}seed {seed}", seed, command, cancels=True) as one:
        ended = False
        while one.result.kills < kills and not ended:
            ended = kill_once(one, rng.uniform(0, seconds_max))
            one.result.kills += 1
            one.result.kills_at_work += int(not ended)
            one.judge_dead()
            if one.violations:
                return one.result
        one.service.start()
        one.finish()
    return one.result


def kill_once(one, seconds):
    """Killed so long after it was started, so that starting is interrupted, too. True where all jobs have ended."""
    try:
        one.service.start(kill_after=seconds)
        one.ask()
        one.wait_for_ends()
    except Died:
        pass
    one.service.kill()
    return one.all_ended()


def run_tasks(pool, tasks, workers):
    """Results as they come; a task is begun when a worker is free for it, so that `tasks` may stop giving some."""
    tasks = iter(tasks)
    running = set()
    while True:
        while len(running) < workers:
            task = next(tasks, None)
            if task is None:
                break
            running.add(pool.submit(*task))
        if not running:
            return
        done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
        for one in done:
            yield one.result()


class Campaign:
    def __init__(self, programs, seed, workers):
        self.programs = programs
        self.seed = seed
        self.workers = workers
        self.pool = concurrent.futures.ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        self.totals = Result("all")
        self.round_seconds = 0.5

    def add(self, result):
        totals = self.totals
        totals.kills += result.kills
        totals.kills_at_work += result.kills_at_work
        totals.jobs += result.jobs
        totals.files += result.files
        totals.listening_seconds = max(totals.listening_seconds, result.listening_seconds)
        totals.violations += result.violations
        for violation in result.violations[:10]:
            print(f"VIOLATION {result.name}: {violation}", flush=True)

    def steps(self, each):
        rng = random.Random(self.seed)
        counts = {}
        for faults in [(), ("--named-outputs",)]:
            counted = count_steps(self.seed, self.programs, faults)
            self.round_seconds = counted.seconds
            self.add(counted)
            counts[faults] = counted.counts
        tasks = []
        for step in STEPS:
            for index in range(each):
                faults = ("--named-outputs",) if index % 3 == 1 and step != "output_linked" else ()
                count = max(1, counts[faults].get(step, 1))
                occurrence = [1, rng.randint(1, count), count][index % 3] if index < 3 else rng.randint(1, count)
                tasks.append((kill_at_step, step, occurrence, rng.getrandbits(32), self.programs, faults))
        killed = 0
        for result in run_tasks(self.pool, tasks, self.workers):
            self.add(result)
            killed += result.kills
        print(f"kill -9 at {len(STEPS)} durable steps: {killed} of {len(tasks)} kills hit; seed {self.seed}", flush=True)
        if killed < len(tasks):
            self.totals.violations.append("a step was not reached")

    def random_moments(self, wanted):
        before = self.totals.kills_at_work
        rng = random.Random(self.seed + 1)
        rounds = 0

        def tasks():
            while self.totals.kills_at_work - before < wanted and not self.totals.violations:
                yield (kill_at_random, rng.getrandbits(32), 12, self.programs, self.round_seconds)

        kills = 0
        for result in run_tasks(self.pool, tasks(), self.workers):
            self.add(result)
            rounds += 1
            kills += result.kills
        print(f"kill -9 at random moments: {self.totals.kills_at_work - before} kills of a service at work, {kills} in all, "
              f"{rounds} workloads; seed {self.seed}", flush=True)

    def control(self):
        """Without the record of what is about to be named, a restart cannot know its own outputs."""
        steps = ["output_published", "directory_synced", "output_published", "directory_synced"]
        tasks = [(kill_at_step, step, 5 * index + 1, self.seed + index, self.programs, ("--without-prepared",))
                 for index, step in enumerate(steps)]
        caught = [result.name for result in run_tasks(self.pool, tasks, self.workers) if result.violations]
        print(f"control, no PREPARED row: caught in {len(caught)} of {len(tasks)} rounds", flush=True)
        # Not in each: an output that may be overwritten can be made again by who does not know it.
        if not caught:
            self.totals.violations.append("the control was not caught")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True, help="the build's bin")
    parser.add_argument("--each", type=int, default=3, help="kills at each durable step (%(default)s)")
    parser.add_argument("--random", type=int, default=200, help="kills at random moments (%(default)s)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().getrandbits(31)
    print(f"seed {seed}", flush=True)
    campaign = Campaign(options.programs.resolve(), seed, options.workers)
    campaign.steps(options.each)
    campaign.random_moments(options.random)
    campaign.control()
    totals = campaign.totals
    print(f"in all {totals.kills} kills, {totals.jobs} jobs, {totals.files} files; listening again after "
          f"{totals.listening_seconds:.2f} s at most; {len(totals.violations)} violations", flush=True)
    return 1 if totals.violations else 0


if __name__ == "__main__":
    sys.exit(main())
