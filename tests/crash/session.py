"""A workload on a service: what was said is kept, violations are gathered."""

import random
import signal
import time

import judge

ROUND_SECONDS_MAX = 120.0


class Session:
    def __init__(self, made, served, seed, known=None):
        self.workload = made
        self.service = served
        self.known = known or {job.key: judge.Known() for job in made.jobs}
        self.rng = random.Random(seed)
        self.violations = []

    def create(self, job):
        said = self.known[job.key]
        name = self.service.create(job)
        if said.name not in (None, name):
            self.violations.append(f"I2: {job.key} was {said.name}, asked again it is {name}")
        said.name = name

    def ask(self):
        """Asks for everything that has not been acknowledged; cancels what is to be. Died where the service dies."""
        for job in self.workload.jobs:
            said = self.known[job.key]
            # Now and then an acknowledged request, too: its answer might as well have been lost.
            if said.name is None or self.rng.random() < 0.2:
                self.create(job)
            if job.cancelled and not said.cancel_asked and self.rng.random() < 0.5:
                self.service.cancel(said.name)
                said.cancel_asked = True

    def learn(self):
        """Notes the ends of jobs. True where all have ended."""
        for said in self.known.values():
            if said.name is not None and said.state is None:
                state, end_time = self.service.look(said.name)
                if state in judge.TERMINAL:
                    said.state, said.end_time = state, end_time
        return self.all_ended()

    def all_ended(self):
        return all(said.state is not None for said in self.known.values())

    def wait_for_ends(self, seconds=ROUND_SECONDS_MAX):
        deadline = time.monotonic() + seconds
        while not self.learn():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def judge_dead(self):
        store = judge.read_store(self.service.state)
        self.violations += judge.judge_crashed(self.workload, self.known, store)

    def finish(self):
        """Everything comes to its end, undisturbed."""
        self.ask()
        if not self.wait_for_ends():
            late = [key for key, said in self.known.items() if said.state is None]
            self.violations.append(f"I3: {late} did not end within {ROUND_SECONDS_MAX:.0f} s")
        status = self.service.kill(signal.SIGTERM)
        if status != 0:
            self.violations.append(f"it ended with status {status} on SIGTERM")
        store = judge.read_store(self.service.state)
        self.violations += judge.judge_recovered(self.workload, self.known, store)
        if self.service.late_seconds is not None:
            self.violations.append(f"it took {self.service.late_seconds:.2f} s to listen again")
