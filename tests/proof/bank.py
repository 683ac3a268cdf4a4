"""The calls of a bank: what the engine makes of them beside an ideal dispatcher, and beside better rules.

The data are not Muster's, and stay where they are: a folder with data/bank-calls and tools/fcfs_oracle.py.
"""
import json
import pathlib
import subprocess
import sys

TRACE = pathlib.Path("data/bank-calls/trace.csv")
ROSTER = pathlib.Path("data/bank-calls/roster.csv")
ORACLE = pathlib.Path("tools/fcfs_oracle.py")
DAYS = 14
RULES = pathlib.Path(__file__).resolve().parent / "rules" / "bank.json"

# The oracle's figures, and how far apart two right roundings of the same figure can be.
FIGURES = {"tickets": 0, "mean_wait_s": 0.0101, "p50_wait_s": 0.0101, "p95_wait_s": 0.0101, "p99_wait_s": 0.0101,
           "abandoned": 0.000101, "within_20_s": 0.000101, "never_served": 0}


def output(command, text=None):
    """What the command prints, given the text on its standard input; ends everything if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}\nended with {done.returncode}: {done.stderr}")
    return done.stdout


def play(command):
    return json.loads(output(command))


def simulate(muster, data, rules, *flags):
    return play([muster, "-o", "json", "simulate", "--trace", data / TRACE, "--roster", data / ROSTER, "--rules", rules,
                 "--priority-ahead", "90s", "--within", "20s", *flags])


def against_oracle(muster, data, quick, table):
    """Every figure of every day, and of all days in one go, must be the oracle's."""
    for day in [0, 1] if quick else [*range(DAYS), None]:
        flags = [] if day is None else ["--day", day]
        oracle = play([sys.executable, data / ORACLE, data / TRACE, data / ROSTER, "--priority-bonus-s", "90", *flags])
        engine = simulate(muster, data, "first-come", *flags)
        off = [key for key, within in FIGURES.items() if abs(oracle[key] - engine[key]) > within]
        what = "bank calls, all days" if day is None else f"bank calls, day {day}"
        table.line(what + (f": off in {', '.join(off)}" if off else ""), form(oracle), form(engine), not off)


def form(figures):
    return f"{figures['mean_wait_s']:.2f} s, {100 * figures['abandoned']:.2f} %"


def weighed(days):
    """The figures of several days together, each ticket weighing the same."""
    tickets = sum(day["tickets"] for day in days)
    return {key: sum(day[key] * day["tickets"] for day in days) / tickets for key in ("mean_wait_s", "abandoned")}


def best_rules(muster, data, table):
    """Rules alone, the same agents and customers: less wait and fewer who hang up."""
    days = {}
    for rules in ("first-come", "default", RULES):
        days[rules] = [simulate(muster, data, rules, "--day", day) for day in range(DAYS)]
    for what, part in (("days 0 to 6", slice(0, 7)), ("days 7 to 13", slice(7, DAYS)), ("all days", slice(DAYS))):
        first, default, best = (weighed(days[rules][part]) for rules in days)
        table.note(f"  {what}: first-come {form(first)}; default rules {form(default)}; best {form(best)}")
    table.line("bank calls, best rules: wait and hang-ups", "< " + form(first), form(best),
               best["mean_wait_s"] < first["mean_wait_s"] and best["abandoned"] < first["abandoned"])
