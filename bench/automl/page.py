"""The page docs/auto-measured.md, written from what bench/auto measured."""
import csv, statistics

METRICS = {"auc": "AUC", "log_loss": "log loss", "rmse": "RMSE"}
NAMES = {"gyre": "Gyre", "lightgbm": "LightGBM", "flaml": "FLAML", "autogluon": "AutoGluon"}
AMLB = {"adult": "adult", "kr.vs.kp": "kr-vs-kp", "phoneme": "phoneme", "vehicle": "vehicle"}  # our name, theirs
PUBLISHED = {"H2OAutoML": "H2O", "autosklearn": "auto-sklearn", "TPOT": "TPOT", "TunedRandomForest": "tuned forest"}


def ranks(values):
    """{system: rank}, the best 1; equal ones share theirs."""
    return {s: sum(v > values[s] for v in values.values()) + (sum(v == values[s] for v in values.values()) + 1) / 2 for s in values}


def comparison(records):
    """Of one budget: text and table."""
    by, places, above = {}, {s: [] for s in NAMES}, []
    for record in records:
        by.setdefault(record["table"], {}).setdefault(record["system"], []).append(record)
    lines = ["| table | metric | " + " | ".join(NAMES.values()) + " |", "|---" * (2 + len(NAMES)) + "|"]
    for table, found in sorted(by.items()):
        values = {s: statistics.fmean(r.get("value", float("-inf")) for r in folds) for s, folds in found.items()}
        best, metric = max(values.values()), next(r["metric"] for folds in found.values() for r in folds if "metric" in r)
        cells = ["" if s not in values else "failed" if values[s] == float("-inf") else f"{abs(values[s]):.4f}" for s in NAMES]
        lines.append(f"| {table} | {METRICS[metric]} | " +
                     " | ".join(f"**{cell}**" if values.get(s) == best else cell for s, cell in zip(NAMES, cells)) + " |")
        if len(values) == len(NAMES):
            for s, rank in ranks(values).items():
                places[s].append(rank)
        if "gyre" in values and "lightgbm" in values:
            above.append(values["gyre"] > values["lightgbm"])
    text = []
    if places["gyre"]:
        order = sorted(NAMES, key=lambda s: statistics.fmean(places[s]))
        text.append(f"Average ranks of the {len(places['gyre'])} tables: " +
                    ", ".join(f"{NAMES[s]} {statistics.fmean(places[s]):.2f}" for s in order) +
                    f". Gyre is above LightGBM as it comes on {sum(above)} of {len(above)}.")
    took = []
    for s in ("gyre", "flaml", "autogluon"):
        seconds = [r["seconds"] for found in by.values() for r in found.get(s, []) if "seconds" in r]
        if seconds:
            took.append(f"{NAMES[s]} {min(seconds):.1f} to {max(seconds):.1f} s")
    programs = sorted({r["commit"] for found in by.values() for r in found.get("gyre", [])})
    text.append("A run took: " + ", ".join(took) + f". Gyre's programs: {', '.join(programs)}.")
    return text, lines


def published(records, summary):
    theirs = {row["task"]: row for row in csv.DictReader(open(summary))}
    lines = ["| table | metric | Gyre, 30 s on 4 cores | " + " | ".join(PUBLISHED.values()) + " |", "|---" * (3 + len(PUBLISHED)) + "|"]
    for table, name in AMLB.items():
        own = [r for r in records if r["table"] == table]
        values = [r["value"] for r in own if "value" in r]
        if len(values) < 10:
            continue
        cells = [f"{float(theirs[name][system]):.4f}" for system in PUBLISHED]
        lines.append(f"| {name} | {METRICS[own[0]['metric']]} | {abs(statistics.fmean(values)):.4f} | " + " | ".join(cells) + " |")
    return lines


def write(path, records, summary):
    text = ["# AutoML, measured", "",
            "Written by `bench/auto --page` from [measured.jsonl](../bench/automl/measured.jsonl), where the machine, the seconds and the commit of",
            "each run are. One after the other on four cores of an otherwise idle machine, one fold of five, the same for all; each rival in a",
            "virtual environment of its own, AutoGluon with medium_quality at 30 s (best_quality trains no model on some tables there) and",
            "best_quality at 300 s. The best of each table is bold."]
    for budget in (30, 300):
        about, lines = comparison([r for r in records if r["budget"] == budget and r.get("of", 5) == 5])
        text += ["", f"## {budget} s", ""] + about + [""] + lines
    text += ["", "## Beside published figures", "",
             "The mean of ten folds beside the AutoML benchmark of 2019 (AMLB; its systems had an hour and eight cores for each fold, and other folds:",
             "differences below .01 say nothing). `bench/auto --amlb`.", ""]
    text += published([r for r in records if r.get("of", 5) == 10], summary)
    path.write_text("\n".join(text) + "\n")
