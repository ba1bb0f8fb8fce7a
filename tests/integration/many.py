#!/usr/bin/env python3
"""gyre many: models of thousands of series through the program: what is wrong with a table is said by line, what was
killed goes on and ends with the same bytes, what did not change is not learned again."""
import csv, datetime, json, math, os, pathlib, random, shutil, signal, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "parts"))
from server import environment, gyre

work = pathlib.Path(tempfile.mkdtemp(prefix="gyre-many-"))
environment = environment(HOME=str(work))
week = ["--time", "week", "--target", "sales", "--horizon", "8"]


def start(*words):
    return subprocess.Popen([gyre, *words], cwd=work, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(*words, code=0):
    process = start(*words)
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, (words, process.returncode, out, err)
    return out + err


def value(*words, code=0):
    process = start(*words, "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, (words, process.returncode, out, err)
    return json.loads(out)


def day(step):
    return str(datetime.date(2024, 1, 1) + datetime.timedelta(7 * step))


def series(stores=3, brands=2, points=70, seed=1):
    """{(store, brand): [sales of each week]}"""
    draw = random.Random(seed)
    return {(f"s{s}", f"b{b}"): [round(100 + 10 * s + 0.3 * t + 8 * math.sin(t / 8.3) + draw.gauss(0, 2), 2) for t in range(points)]
            for s in range(stores) for b in range(brands)}


def write(path, data, header="store,brand,week,sales"):
    rows = [header] + [f"{s},{b},{day(t)},{v}" for (s, b), values in data.items() for t, v in enumerate(values) if v is not None]
    (work / path).write_text("\n".join(rows) + "\n")


def plain():
    data = series()
    write("sales.csv", data)
    kept = value("many", "sales.csv", "--by", "store,brand", *week, "--out", "forecast.csv")
    assert kept["registered"] == 6 and kept["failed"] == 0 and kept["step"] == "a week", kept
    rows = list(csv.DictReader((work / "forecast.csv").open()))
    assert len(rows) == 6 * 8 and rows[0]["week"] == day(70), rows[0]
    for row in rows:
        assert float(row["low"]) <= float(row["forecast"]) <= float(row["high"]), row
    # The registered file gives the same forecast when it is asked with the last rows.
    one = [row for row in rows if (row["store"], row["brand"]) == ("s1", "b1")]
    shown = value("many", "show", "sales", "--where", "store=s1", "--where", "brand=b1")["partitions"]
    assert len(shown) == 1 and shown[0]["name"] == "sales.s1.b1", shown
    (work / "window.csv").write_text("sales,step\n" + "".join(f"{v},{t}\n" for t, v in enumerate(data["s1", "b1"])))
    answer = value("predict", "sales.s1.b1", "window.csv")
    forecast = answer["answer"]["forecast"]
    for got, said in zip(forecast, one):
        assert abs(got - float(said["forecast"])) < 1e-3, (got, said)
    assert "right" in run("model", "check", "sales.s1.b1") + run("model", "show", "sales.s1.b1")
    # As Parquet, and by one column alone.
    kept = value("many", "sales.csv", "--by", "store", "--name", "twice", *week, code=5)
    assert kept["failed"] == 3 and kept["registered"] == 0, kept
    assert "a second row of 2024-01-01" in run("many", "show", "twice", "--failed")
    value("many", "sales.csv", "--by", "store,brand", "--name", "parquet", "--format", "parquet", "--learners", "naive", *week,
          "--out", "forecast.parquet")
    assert (work / "forecast.parquet").read_bytes()[:4] == b"PAR1"
    print("ok plain", flush=True)


def totals():
    """Forecasts of partitions and of the totals above them add up; the models answer to newer rows."""
    write("tree.csv", series(stores=4))
    for how in ("bottom-up", "ols"):
        value("many", "tree.csv", "--by", "brand,store", "--name", how, "--learners", "linear", "--reconcile", how, *week,
              "--out", f"{how}.csv")
        rows = list(csv.DictReader((work / f"{how}.csv").open()))
        assert len(rows) == (8 + 2 + 1) * 8, len(rows)
        for row in rows:
            parts = [other for other in rows if other["week"] == row["week"] and other["store"] and
                     (not row["brand"] or other["brand"] == row["brand"])]
            if not row["store"]:
                assert abs(float(row["forecast"]) - sum(float(other["forecast"]) for other in parts)) < 1e-3, row
    longer = {key: values + [values[-1]] * 2 for key, values in series(stores=4).items()}
    write("tree.csv", longer)
    run("many", "forecast", "bottom-up", "--data", "tree.csv", "--out", "later.csv")
    later = list(csv.DictReader((work / "later.csv").open()))
    assert len(later) == 8 * 8 and later[0]["week"] == day(72), later[0]
    run("many", "forecast", "bottom-up", "--out", "then.csv")
    assert (work / "then.csv").read_bytes() == (work / "bottom-up.csv").read_bytes()
    (work / "one.csv").write_text("store,brand,week,sales\ns0,b0,2024-01-01,5\ns9,b0,2024-01-01,5\n")
    out = run("many", "forecast", "bottom-up", "--data", "one.csv", "--out", "none.csv")
    assert "s9: there is no model of it" in out and "4 values are needed; there are 1" in out, out
    print("ok totals", flush=True)


def known_ahead():
    """Promotions of weeks to come move the forecast; without rows that tell them there is none."""
    draw, rows = random.Random(4), ["store,week,promotion,sales"]
    for store in ("a", "b"):
        for t in range(80):
            promotion = int(draw.random() < 0.2)
            rows.append(f"{store},{day(t)},{promotion},{100 + 50 * promotion + draw.gauss(0, 1):.2f}")
        rows += [f"{store},{day(80 + t)},{t % 2}," for t in range(8 if store == "a" else 3)]
    (work / "promotions.csv").write_text("\n".join(rows) + "\n")
    kept = value("many", "promotions.csv", "--by", "store", "--ahead", "promotion", "--learners", "linear", *week, "--out", "p.csv")
    assert (kept["registered"], kept["failed"]) == (1, 1), kept
    for t, row in enumerate(csv.DictReader((work / "p.csv").open())):
        assert abs(float(row["forecast"]) - (150 if t % 2 else 100)) < 5, row
    assert "3 rows behind the last value say what is known ahead, 8 are needed" in run("many", "show", "promotions", "--failed")
    print("ok known ahead", flush=True)


def holidays():
    """Days by name move the forecasts of the weeks they lie in, here and when newer rows are given; no row says them."""
    draw = random.Random(6)
    start = datetime.date(2024, 1, 1)
    feast = {start + datetime.timedelta(days) for days in range(20, 900, 91)}
    (work / "feasts.csv").write_text("date,name\n" + "".join(f"{date},feast\n" for date in sorted(feast)) + "2024-08-15,\n")

    def rows(count):
        return [(start + datetime.timedelta(7 * t), 100 + draw.gauss(0, 1) +
                 60 * any(start + datetime.timedelta(7 * t + d) in feast for d in range(7))) for t in range(count)]
    known = rows(100)
    (work / "feast.csv").write_text("week,sales\n" + "".join(f"{date},{value:.2f}\n" for date, value in known))
    for learners in ("linear", "trees"):
        kept = value("many", "feast.csv", "--holidays", "feasts.csv", "--learners", learners, *week[:-1], "14", "--name", learners,
                     "--out", "f.csv")
        assert kept["registered"] == 1, kept
        forecast = list(csv.DictReader((work / "f.csv").open()))
        with_feast = [t for t in range(14) if any(start + datetime.timedelta(7 * (100 + t) + d) in feast for d in range(7))]
        assert with_feast, "no feast lies ahead"
        for t, row in enumerate(forecast):
            assert abs(float(row["forecast"]) - (160 if t in with_feast else 100)) < 12, (learners, t, row)
    (work / "longer.csv").write_text("week,sales\n" + "".join(f"{date},{value:.2f}\n" for date, value in rows(104)))
    run("many", "forecast", "linear", "--data", "longer.csv", "--out", "later.csv")
    moved = {row["week"] for row in csv.DictReader((work / "later.csv").open()) if float(row["forecast"]) > 140}
    assert moved == {day(t) for t in range(104, 118) if any(start + datetime.timedelta(7 * t + d) in feast for d in range(7))}, moved
    out = run("many", "feast.csv", "--holidays", "feast.csv", *week, code=2)
    assert 'feast.csv has no column "date"' in out, out
    (work / "feasts.csv").write_text("date,name\n2024-12-25,feast\nChristmas,feast\n")
    out = run("many", "feast.csv", "--holidays", "feasts.csv", *week, code=2)
    assert 'feasts.csv:3: column "date": "Christmas" is no date' in out, out
    print("ok holidays", flush=True)


def wild():
    """A table as sensors and shops leave it: what is wrong with one partition is said by its line, the others are learned."""
    draw, rows = random.Random(8), []

    def add(key, values, step=1, start=0):
        for t, number in enumerate(values):
            if number is not None:
                rows.append(f"{key},{datetime.date(2024, 1, 1) + datetime.timedelta(start + step * t)},{number}")
    plain = lambda: [round(50 + 10 * math.sin(t * 2 * math.pi / 7) + draw.gauss(0, 1), 3) for t in range(120)]
    add("gaps", [None if 40 <= t < 50 or t % 17 == 3 else v for t, v in enumerate(plain())])
    add("zero", [0] * 120)
    add("negative", [v - 80 for v in plain()])
    add("short", plain()[:2])
    add("weekly", plain()[:30], step=7)
    add("late", plain()[:90], start=30)
    add("huge", [v * 1e300 for v in plain()])
    add("tiny", [v * 1e-300 for v in plain()])
    add("seldom", [3 if t % 5 == 0 else None for t in range(120)])
    add("empty", [""] * 20)
    add("", plain())
    add("käse / 5 %", plain())
    draw.shuffle(rows)
    lines = ["sensor,day,value"] + rows
    lines += [f"twice,2024-01-0{1 + t % 7},{t}" for t in range(8)] + ["endless,2024-01-01,1", "endless,2024-01-02,-inf", "endless,2024-01-03,1",
              "hours,2024-01-01 00:00:00,1", "hours,2024-01-01 01:00:00,2", "hours,2024-01-01 02:00:00,3"]
    (work / "wild.csv").write_text("\n".join(lines) + "\n")
    words = ["wild.csv", "--by", "sensor", "--time", "day", "--target", "value", "--horizon", "7", "--learners", "all"]
    kept = value("many", *words, "--out", "wild.out.csv")
    failed = {one["partition"]["sensor"]: one["trouble"] for one in value("many", "show", "wild", "--failed")["partitions"]}
    assert kept["registered"] + kept["failed"] == 15 and kept["failed"] == len(failed), kept
    learned = lambda sensor: value("many", "show", "wild", "--where", f"sensor={sensor}")["partitions"][0]
    line = {cells: number for number, cells in enumerate(lines, 1)}
    for key, part in (("short", "2 values are too few"), ("weekly", "its rows are a week apart, others are a day apart"),
                      ("seldom", "its rows are 5 days apart"), ("empty", "no row has a value"),
                      ("twice", f"wild.csv:{line['twice,2024-01-01,7']}: a second row of 2024-01-01"),
                      ("endless", f"wild.csv:{line['endless,2024-01-02,-inf']}: the value is infinite"),
                      ("hours", "lies between two steps")):
        assert part in failed[key], (key, part, failed)
        del failed[key]
    assert set(failed) <= {"huge"}, failed
    assert learned("gaps")["filled"] > 10 and learned("zero")["forecast"] == [0] * 7, learned("zero")
    for row in csv.DictReader((work / "wild.out.csv").open()):
        assert math.isfinite(float(row["forecast"])), row
    kept = value("many", *words, "--fill", "zero", "--name", "zeros")
    seldom = value("many", "show", "zeros", "--where", "sensor=seldom")["partitions"][0]
    assert seldom["filled"] == 92 and "trouble" not in seldom, seldom
    print("ok wild", flush=True)


def bad_tables():
    data = series()
    data["s0", "b0"] = data["s0", "b0"][:1]
    data["s0", "b1"] = [7] * 70
    data["s1", "b0"][20] = data["s1", "b0"][21] = None
    data["s3", "b0"], data["s3", "b1"] = [1e308, -1e308] * 35, [5.0] * 30 + ["inf"] * 3
    write("bad.csv", data)
    with (work / "bad.csv").open("a") as file:
        file.write(f"s2,b0,{day(3)},5\ns2,b1,2024-01-03,5\n")
    kept = value("many", "bad.csv", "--by", "store,brand", *week)
    assert (kept["registered"], kept["failed"]) == (3, 5), kept
    why = run("many", "show", "bad", "--failed")
    lines = sum(1 for _ in (work / "bad.csv").open())
    for part in ("bad.s0.b0", "1 value is too few", "no learner can take its values, from -1e+308 to 1e+308",
                 "the value is infinite", f"bad.csv:{lines - 1}: a second row of 2024-01-22",
                 f"bad.csv:{lines}: 2024-01-03 lies between two steps: others are a week apart"):
        assert part in why, (part, why)
    holes = value("many", "show", "bad", "--where", "brand=b0", "--where", "store=s1")["partitions"][0]
    assert holes["filled"] == 2 and holes["points"] == 70, holes
    still = value("many", "show", "bad", "--where", "brand=b1", "--where", "store=s0")["partitions"][0]
    assert still["forecast"] == [7] * 8 and still["mase"] == 0, still

    text = (work / "sales.csv").read_text().splitlines()
    for line, broken, said in ((10, text[9].rsplit(",", 1)[0] + ",many", 'sales.csv:10: column "sales": "many" is no number'),
                               (12, "s0,b0,one day,4", 'sales.csv:12: column "week": "one day" is no time'),
                               (14, "s0,b0,4", "sales.csv:14: 3 cells, the header names 4")):
        (work / "broken").mkdir(exist_ok=True)
        (work / "broken/sales.csv").write_text("\n".join(text[:line - 1] + [broken] + text[line:]) + "\n")
        out = run("many", "broken/sales.csv", "--by", "store,brand", *week, code=2)
        assert said in out, (said, out)
    out = run("many", "sales.csv", "--by", "shop", *week, code=2)
    assert 'has no column "shop"' in out and "it has: store, brand, week, sales" in out, out
    out = run("many", "sales.csv", "--by", "store", *week, "--learners", "lstm", code=4)
    assert "there are: naive, linear" in out, out
    print("ok bad tables", flush=True)


def again():
    """Only what got data, only what has no model."""
    data = series()
    data["s0", "b0"] = data["s0", "b0"][:1]
    write("again.csv", data)
    first = value("many", "again.csv", "--by", "store,brand", *week)
    assert (first["learned"], first["failed"]) == (5, 1), first
    data["s0", "b0"] = series()["s0", "b0"]
    data["s1", "b1"] += [500.0] * 4  # far from what was forecast
    data["s2", "b1"] += [data["s2", "b1"][-1]]
    write("again.csv", data)
    failed = value("many", "again.csv", "--by", "store,brand", *week, "--only-failed")
    assert (failed["learned"], failed["kept"], failed["failed"]) == (1, 5, 0), failed
    changed = value("many", "again.csv", "--by", "store,brand", *week, "--only-changed")
    assert (changed["learned"], changed["kept"], changed["drifted"]) == (2, 4, 1), changed
    nothing = value("many", "again.csv", "--by", "store,brand", *week, "--only-changed")
    assert (nothing["learned"], nothing["kept"]) == (0, 6), nothing
    versions = {name: value("model", "show", f"again.{name}") for name in ("s1.b0", "s1.b1")}
    assert "no run named other" in run("many", "again.csv", "--name", "other", *week, "--only-changed", code=4)
    print("ok again", flush=True)


def killed():
    """kill -9 while it learns: the second start takes over what was done, and ends with the same content."""
    write("long.csv", series(stores=200, brands=4, points=140))
    words = ["many", "long.csv", "--by", "store,brand", "--learners", "all", *week]
    process = start(*words)
    checkpoints = work / ".gyre/run/checkpoints"
    until = time.time() + 60
    while not list(checkpoints.glob("*/part-*")):
        assert time.time() < until and process.poll() is None, "it was over before it could be killed"
        time.sleep(0.01)
    steps = [pid for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir() for pid in (task / "children").read_text().split()]
    process.kill()
    for pid in set(steps):
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()
    out = run(*words)
    assert "taken over from the run that was cut off" in out, out
    whole = value("many", "show", "long")
    assert whole["models"] == 800, whole
    fresh = value(*words, "--fresh", "--name", "afresh")
    assert fresh["content"] == whole["content"], "a run that was cut off ends with other models"
    print("ok killed", flush=True)


try:
    run("init")
    for part in (plain, totals, known_ahead, holidays, wild, bad_tables, again, killed):
        if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
            part()
finally:
    shutil.rmtree(work, ignore_errors=True)
