"""M4's hourly series as one table of id, hour, value, and how good forecasts of it are.

m4.py table FOLDER_OF_M4 OUT.csv [COUNT]   m4.py score FOLDER_OF_M4 FORECASTS.csv
"""
import csv, datetime, gzip, random, sys

start = datetime.datetime(2015, 1, 1)
season, horizon = 24, 48


def read(folder, part):
    with gzip.open(f"{folder}/Hourly-{part}.csv.gz", "rt") as file:
        rows = csv.reader(file)
        next(rows)
        return {row[0]: [float(cell) for cell in row[1:] if cell and cell != "NA"] for row in rows}


def table(folder, out, count=None):
    """Of fewer series, some drawn by a seed; gives how many."""
    train = read(folder, "train")
    names = list(train)
    if count and count < len(names):
        names = sorted(random.Random(1).sample(names, count))
    with open(out, "w") as file:
        file.write("id,hour,value\n")
        for name in names:
            for step, value in enumerate(train[name]):
                file.write(f"{name},{start + datetime.timedelta(hours=step)},{value}\n")
    return len(names)


def mase(folder, forecasts):
    """The mean over the series in {name: values}."""
    train, test = read(folder, "train"), read(folder, "test")
    total = 0
    for name, forecast in forecasts.items():
        past, truth = train[name], test[name]
        assert len(forecast) == horizon == len(truth), (name, len(forecast))
        scale = sum(abs(past[i] - past[i - season]) for i in range(season, len(past))) / (len(past) - season)
        total += sum(abs(a - b) for a, b in zip(forecast, truth)) / horizon / scale
    return total / len(forecasts)


def within(folder, path):
    """The share of what came that lies between low and high."""
    low, high, test = read_forecasts(path, "low"), read_forecasts(path, "high"), read(folder, "test")
    inside = [a <= value <= b for name in low for a, value, b in zip(low[name], test[name], high[name])]
    return sum(inside) / len(inside)


def read_forecasts(path, column="forecast"):
    forecasts = {}
    with open(path) as file:
        for row in csv.DictReader(file):
            forecasts.setdefault(row["id"], []).append(float(row[column]))
    return forecasts


if __name__ == "__main__":
    if sys.argv[1] == "table":
        table(sys.argv[2], sys.argv[3], int(sys.argv[4]) if len(sys.argv) > 4 else None)
    else:
        forecasts = read_forecasts(sys.argv[3])
        print(f"MASE {mase(sys.argv[2], forecasts):.4f} of {len(forecasts)} series")
