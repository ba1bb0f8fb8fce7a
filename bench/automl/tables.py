"""The tables of bench/auto: those of ../shared/data (or $GYRE_DATA) as CSV with a header, and which column is learned."""
import csv, gzip, pathlib, re

CLASSIFY = """anneal arrhythmia balance.scale breast.w cmc credit.a cylinder.bands dermatology glass heart.c ionosphere kr.vs.kp
mushroom nursery page.blocks pendigits sick sonar spambase splice vehicle vowel zoo""".split()
REGRESS = "abalone autompg bank8FM bodyfat cpu.act cpu.small kin8nm machine.cpu quake stock".split()
# About half of all, of each kind and size: at 300 s a table takes a quarter of an hour.
COMPARED = """abalone autompg cmc cpu.act credit.a cylinder.bands dermatology glass heart.c housing ionosphere kin8nm pendigits phoneme
pima-indians-diabetes sonar spambase splice stock vehicle vowel""".split()
SMALL = {"phoneme": "classify", "mammography": "classify", "oil-spill": "classify", "pima-indians-diabetes": "classify",
         "haberman": "classify", "housing": "regress", "auto-insurance": "regress"}


def arff(path):
    """Column names and rows of texts; "?" becomes an empty cell."""
    names, rows, data = [], [], False
    for line in gzip.open(path, "rt", errors="replace"):
        line = line.strip()
        if not line or line.startswith("%"):
            continue
        if data:
            cells = next(csv.reader([line], quotechar="'", skipinitialspace=True))
            if len(cells) == len(names):
                rows.append(["" if cell.strip() == "?" else cell.strip() for cell in cells])
        elif line.lower().startswith("@attribute"):
            rest = line[10:].strip()
            names.append(re.match(r"'([^']*)'|\"([^\"]*)\"|(\S+)", rest).group(0).strip("'\""))
        elif line.lower().startswith("@data"):
            data = True
    return names, rows


def write(path, names, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as out:
        csv.writer(out).writerow(names)
        csv.writer(out).writerows(rows)


def cleaned(names):
    """Names that every rival takes."""
    seen, result = {}, []
    for name in names:
        name = re.sub(r"[^A-Za-z0-9_]", "_", name) or "column"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


def prepare(shared, folder):
    """{table: (csv, target, task)}, of those with rows enough for five folds; made below `folder`."""
    return {name: table for name, table in every(shared, folder).items() if sum(1 for _ in open(table[0])) > 50}


def every(shared, folder):
    tables = {}
    for task, names, below in (("classify", CLASSIFY, "arff"), ("regress", REGRESS, "arff/regression")):
        for name in names:
            source = shared / below / f"{name}.arff.gz"
            if not source.exists():
                continue
            columns, rows = arff(source)
            columns = cleaned(columns)
            rows = [row for row in rows if row[-1] != ""]
            write(folder / f"{name}.csv", columns, rows)
            tables[name] = (folder / f"{name}.csv", columns[-1], task)
    for name, task in SMALL.items():
        source = shared / "tabular-small" / f"{name}.csv"
        if source.exists():
            rows = [["" if cell.strip() in ("?", "") else cell.strip() for cell in row] for row in csv.reader(open(source)) if row]
            columns = [f"c{i}" for i in range(len(rows[0]) - 1)] + ["target"]
            write(folder / f"{name}.csv", columns, rows)
            tables[name] = (folder / f"{name}.csv", "target", task)
    adult = [shared / "adult" / f"adult-{part}.csv.gz" for part in ("train", "test")]
    if adult[0].exists():
        lines = [line.strip().rstrip(".") for part in adult for line in gzip.open(part, "rt") if line.strip()]
        rows = [["" if cell == "?" else cell for cell in row] for row in csv.reader(lines, skipinitialspace=True)]
        write(folder / "adult.csv", [f"c{i}" for i in range(len(rows[0]) - 1)] + ["target"], rows)
        tables["adult"] = (folder / "adult.csv", "target", "classify")
    ai4i = shared / "ai4i2020" / "ai4i2020.csv"
    if ai4i.exists():
        rows = list(csv.reader(open(ai4i, encoding="utf-8-sig")))
        # The kinds of failure say the target itself, the first two columns number the rows.
        columns = cleaned(rows[0])
        kept = [i for i, name in enumerate(columns) if name not in ("UDI", "Product_ID", "TWF", "HDF", "PWF", "OSF", "RNF")]
        target = next(name for name in columns if name.startswith("Machine_failure"))
        write(folder / "ai4i2020.csv", [columns[i] for i in kept], [[row[i] for i in kept] for row in rows[1:]])
        tables["ai4i2020"] = (folder / "ai4i2020.csv", target, "classify")
    return tables
