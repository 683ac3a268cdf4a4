#!/usr/bin/env python3
"""The proofs of tests/proof/run: expected | measured | verdict, a line each; see there."""
import argparse
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import bank
import theory

HERE = pathlib.Path(__file__).resolve().parent
QUICK_PART = 40  # of the horizon
QUICK_WIDER = 8  # times the tolerance: more than the root of that, since short runs start empty
POOLED_WAIT_S = theory.erlang_c_wait(90, 84, 600)


class Table:
    """Prints each line as soon as it is known, and remembers whether one was missed."""

    def __init__(self):
        self.missed = 0
        print(f"{'what':<52} {'expected':>18}  {'measured':>22}  verdict", flush=True)

    def line(self, what, expected, measured, good):
        verdict = {True: "met", False: "MISSED", None: "skipped"}[good]
        self.missed += good is False
        print(f"{what:<52} {expected:>18}  {measured:>22}  {verdict}", flush=True)

    def close_to(self, what, figure, expected, tolerance, form):
        """Met if the figure is within the tolerance, and its 95 % interval is too narrow to tell nothing."""
        mean, width = figure["mean"], figure.get("half_width", 0.0)
        self.line(what, form(expected), f"{form(mean)} ± {form(width)}",
                  abs(mean - expected) <= tolerance and width <= tolerance)

    def at_most(self, what, figure, scale, bound):
        mean, width = figure["mean"] / scale, figure.get("half_width", 0.0) / scale
        self.line(what, f"at most {bound:.2f}", f"{mean:.3f} ± {width:.3f}", mean <= bound)

    def note(self, text):
        print(text, flush=True)


def part(value):
    return f"{100 * value:.3f} %"


def seconds(value):
    return f"{value:.2f} s"


class Proofs:
    def __init__(self, options):
        self.options = options
        self.quick = options.quick
        self.muster = options.build / "bin" / "muster"
        self.table = Table()

    def read(self, name):
        """A scenario in the repository; quick: a shorter one."""
        scenario = json.loads((HERE / "scenarios" / f"{name}.json").read_text())
        if self.quick:
            hours = int(scenario["horizon"].removesuffix("h"))
            scenario["horizon"] = f"{max(1, hours // QUICK_PART)}h"
            scenario["warm_up"] = f"{max(1, hours // QUICK_PART // 10)}h"
        return scenario

    def simulate(self, scenario, *flags):
        """Its figures of all tickets."""
        command = [self.muster, "-o", "json", "simulate", "--scenario", "-", *flags]
        return json.loads(bank.output(command, json.dumps(scenario)))["total"]

    def scenario(self, name, *flags):
        return self.simulate(self.read(name), *flags)

    def wider(self, tolerance):
        return tolerance * (QUICK_WIDER if self.quick else 1)

    def erlang_c(self):
        total = self.scenario("erlang-c", "--within", "20s")
        what = "M/M/12, 4.2 a minute, 2 min: "
        self.table.close_to(what + "waited", total["waited"], 0.18389, self.wider(0.003), part)
        self.table.close_to(what + "mean wait", total["mean_wait_s"], 60 * 0.10216, self.wider(0.2), seconds)
        self.table.close_to(what + "within 20 s", total["within"], 0.89908, self.wider(0.003), part)

    def erlang_a(self):
        total = self.scenario("erlang-a")
        what = "M/M/50+M, 48 a minute, 1 min, 2 min: "
        self.table.close_to(what + "left", total["abandoned"], 0.03091, self.wider(0.0005), part)
        self.table.close_to(what + "wait", total["mean_wait_s"], 3.71, self.wider(0.05), seconds)
        self.table.close_to(what + "busy", total["utilization"], 0.9303, self.wider(0.001), part)

    def blocked(self):
        """Wallace and Whitt, "A staffing algorithm for call centers with skill-based routing", 2005."""
        apart = theory.shared_places_blocked(6, 15, 14, 30)
        for skills, published, tolerance in ((1, 0.0382, 0.001), (2, 0.0040, 0.0003), (3, 0.0037, 0.0003),
                                             (6, 0.00364, 0.0003)):
            total = self.scenario(f"chain-{skills}-blocked")
            what = f"90 agents, 30 places, {skills} skill{'s' * (skills > 1)} each: blocked"
            self.table.close_to(what, total["blocked"], published, self.wider(tolerance), part)
            if skills == 1:
                self.table.close_to(what + " (exact)", total["blocked"], apart, self.wider(tolerance), part)

    def wait(self):
        """Beside the same play with all skills in every agent, whose wait is Erlang C exactly: on common
        random numbers the difference is known far better than either wait."""
        for skills, bound in ((2, 1.25), (3, 1.05)):
            scenario = self.read(f"chain-{skills}-wait")
            pooled = copy.deepcopy(scenario)
            every_skill = [{"skill": queue["queue_id"]} for queue in scenario["queues"]]
            for group in pooled["agents"]:
                group["skills"] = every_skill
            with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(pooled, file)
                file.flush()
                total = self.simulate(scenario, "--versus", file.name)
            less = total["mean_wait_s"]["difference"]
            figure = {"mean": POOLED_WAIT_S - less["mean"], "half_width": less["half_width"]}
            what = f"90 agents at 0.933, {skills} skills each: wait, of pooled"
            self.table.at_most(what, figure, POOLED_WAIT_S, bound)

    def burst(self):
        program = self.options.build / "tests" / "engine_transport_test"
        for case, what in (("every small size against brute force", "bursts up to 4 x 4 groups: cost above brute force"),
                           ("assignments of up to nine against all assignments", "bursts up to 9 x 9: cost above the best")):
            done = subprocess.run([program, f"transport: {case}"], capture_output=True, text=True, check=False)
            count = re.search(r"\((\d+) assertions", done.stdout)
            measured = f"0 ({count.group(1)} checks)" if count else "see the test"
            self.table.line(what, "0", measured, done.returncode == 0)

    def bank(self):
        if self.options.data is None:
            self.table.line("bank calls", "the oracle's", "no data: see --data", None)
            return
        bank.against_oracle(self.muster, self.options.data, self.quick, self.table)

    def rules(self):
        if self.options.data is None:
            self.table.line("bank calls, best rules", "less wait", "no data: see --data", None)
            return
        bank.best_rules(self.muster, self.options.data, self.table)

    ALL = {"erlang-c": erlang_c, "erlang-a": erlang_a, "blocked": blocked, "wait": wait, "burst": burst, "bank": bank,
           "rules": rules}


def main():
    parser = argparse.ArgumentParser(prog="tests/proof/run")
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder of the build")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--data", type=pathlib.Path, default=os.environ.get("MUSTER_SHARED"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(Proofs.ALL))
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in Proofs.ALL]
    if unknown:
        parser.error(f"there is no proof named {unknown[0]}; there are {', '.join(Proofs.ALL)}")
    if options.data is not None:
        options.data = pathlib.Path(options.data)
        if not (options.data / bank.TRACE).is_file():
            parser.error(f"{options.data / bank.TRACE} is not there")
    start = time.monotonic()
    proofs = Proofs(options)
    for name in options.names or Proofs.ALL:
        Proofs.ALL[name](proofs)
    missed = proofs.table.missed
    proofs.table.note(f"{'all met' if missed == 0 else f'{missed} missed'}, in {time.monotonic() - start:.0f} s")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
