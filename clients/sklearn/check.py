"""Scores to 1e-9 of scikit-learn's, learners beside scikit-learn's and LightGBM's own, raw rows through onnxruntime."""
import json, math, os, pathlib, subprocess, tempfile

import lightgbm, numpy as np, onnx, onnxruntime, pandas as pd
from onnx import TensorProto, helper
from sklearn import metrics as m
from scipy.special import softmax
from scipy.stats import chi2_contingency, f_oneway
from sklearn.compose import ColumnTransformer
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import f_classif, f_regression
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler, TargetEncoder

gyre = os.environ["GYRE"]
random = np.random.default_rng(5)


def run(*words):
    done = subprocess.run([gyre, *map(str, words)], capture_output=True, text=True, cwd=work)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def answering(name, columns, output, labels):
    """A model whose answers are its inputs: what is judged is the judging."""
    inputs = [helper.make_tensor_value_info(c, TensorProto.FLOAT, ["n", 1]) for c in columns]
    node = helper.make_node("Concat", columns, [output], axis=1)
    graph = helper.make_graph([node], "answers", inputs, [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", len(columns)])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    signature = {"takes": "table", "task": "classify" if labels else "regress", "columns": columns}
    if labels:
        signature["labels"] = labels
    helper.set_model_props(model, {"gyre.signature": json.dumps(signature)})
    onnx.save(model, work / name)


def report(model, table, target):
    run("validate", "table", model, table, "--target", target, "--part", "all", "--out", "report.json")
    text = (work / "report.json").read_text()
    (work / "report.json").unlink()
    return json.loads(text)["scores"]


def same(ours, theirs, name):
    assert set(theirs) == set(ours), set(theirs) ^ set(ours)  # every score that is told
    for key, value in theirs.items():
        assert abs(ours[key] - value) <= 1e-9 * max(1, abs(value)), (name, key, ours[key], value)


def check_scores():
    for classes in (2, 5):
        labels = [f"label{c}" for c in range(classes)]
        p = random.dirichlet(np.ones(classes) * 0.7, 700).round(2)  # rounded: many are equal
        p = np.where(p.sum(1, keepdims=True) > 0, p, 1).astype(np.float32).astype(float)
        p = (p / p.sum(1, keepdims=True)).astype(np.float32).astype(float)
        truth = np.array([random.choice(classes, p=row / row.sum()) if random.random() < 0.7 else random.integers(classes) for row in p])
        table = pd.DataFrame(p, columns=[f"p{c}" for c in range(classes)])
        table["y"] = [labels[t] for t in truth]
        table.to_csv(work / "p.csv", index=False)
        answering("p.onnx", [f"p{c}" for c in range(classes)], "probabilities", labels)
        answer, of_one = p.argmax(1), np.eye(classes)[truth]
        wanted = {"accuracy": m.accuracy_score(truth, answer), "balanced_accuracy": m.balanced_accuracy_score(truth, answer),
                  "log_loss": m.log_loss(truth, p / p.sum(1, keepdims=True)), "f1_macro": m.f1_score(truth, answer, average="macro"),
                  "f1_weighted": m.f1_score(truth, answer, average="weighted"),
                  "precision_macro": m.precision_score(truth, answer, average="macro"),
                  "recall_macro": m.recall_score(truth, answer, average="macro"),
                  "matthews": m.matthews_corrcoef(truth, answer), "kappa": m.cohen_kappa_score(truth, answer)}
        if classes == 2:
            wanted |= {"auc": m.roc_auc_score(truth, p[:, 1]), "average_precision": m.average_precision_score(truth, p[:, 1]),
                       "brier": m.brier_score_loss(truth, p[:, 1]), "f1": m.f1_score(truth, answer)}
        else:
            auc = [m.roc_auc_score(of_one[:, c], p[:, c]) for c in range(classes)]
            pairs = []
            for a in range(classes):
                for b in range(a + 1, classes):
                    rows = (truth == a) | (truth == b)
                    pairs += [m.roc_auc_score(truth[rows] == a, p[rows, a]), m.roc_auc_score(truth[rows] == b, p[rows, b])]
            wanted |= {"auc": np.mean(auc), "auc_weighted": np.average(auc, weights=of_one.sum(0)), "auc_pairs": np.mean(pairs)}
        same(report("p.onnx", "p.csv", "y"), wanted, classes)
        print(f"ok {len(wanted)} scores of {classes} labels equal scikit-learn's")

    x = random.gamma(2, 10, 500).astype(np.float32).astype(float)
    y = np.maximum(0.125, np.round((x + random.normal(0, 8, 500)) * 8) / 8)
    pd.DataFrame({"x": x, "y": y}).to_csv(work / "x.csv", index=False)
    answering("x.onnx", ["x"], "value", [])
    wanted = {"r2": m.r2_score(y, x), "rmse": m.root_mean_squared_error(y, x), "mae": m.mean_absolute_error(y, x),
              "mape": m.mean_absolute_percentage_error(y, x), "median_absolute_error": m.median_absolute_error(y, x),
              "max_error": m.max_error(y, x), "explained_variance": m.explained_variance_score(y, x),
              "rmsle": m.root_mean_squared_log_error(y, x), "poisson_deviance": m.mean_poisson_deviance(y, x),
              "gamma_deviance": m.mean_gamma_deviance(y, x), "spearman": pd.Series(x).corr(pd.Series(y), method="spearman")}
    same(report("x.onnx", "x.csv", "y"), wanted, "regression")
    print(f"ok {len(wanted)} scores of numbers equal scikit-learn's")


def made_up(rows=800):
    table = pd.DataFrame({"Length": random.normal(100, 30, rows).round(3), "width": random.gamma(2, 5, rows).round(3),
                          "Colour": random.choice(["red", "green", "bl\u00fce", "gr, \"ay\""], rows)})
    total = table.Length / 30 + np.sqrt(table.width) + table.Colour.map({"red": 0, "green": 1, "bl\u00fce": 3, "gr, \"ay\"": -1})
    table["number"] = (total + random.normal(0, 0.5, rows)).round(4)
    table["count"] = random.poisson(np.exp(total / 4))
    table["label"] = np.where(total + random.normal(0, 1, rows) > 6, "high", "low")
    table["grade"] = np.select([total < 4, total < 6.5], ["a", "b"], "c")
    return table


def feed(path, table):
    """Raw cells for onnxruntime, as any Python program would give them."""
    session = onnxruntime.InferenceSession(work / path, providers=["CPUExecutionProvider"])
    names = {c.lower(): c for c in table.columns}
    columns = {i.name: table[names[i.name.lower()]] for i in session.get_inputs()}
    return session.run(None, {i.name: columns[i.name].fillna("").astype(object).to_numpy().reshape(-1, 1) if i.type == "tensor(string)"
                              else columns[i.name].to_numpy(np.float32).reshape(-1, 1) for i in session.get_inputs()})[0]


def check_learners():
    table = made_up()
    table.to_csv(work / "t.csv", index=False)
    inputs = ["Length", "width", "Colour"]

    def train(target, *words):
        others = [c for c in ("number", "count", "label", "grade") if c != target]
        run("train", "table", "t.csv", "--target", target, "--hold", "0", "--check", "0", "--out", "t.onnx",
            *[w for c in others for w in ("--leave-out", c)], *words)
        answers = feed("t.onnx", table)
        (work / "t.onnx").unlink()
        return answers

    def features(scaler):
        return ColumnTransformer([("n", scaler, inputs[:2]), ("c", OneHotEncoder(), inputs[2:])])

    def close(ours, theirs, most, what):
        worst = np.abs(ours - theirs).max()
        assert worst < most, (what, worst)
        print(f"ok {what}: {worst:.1e} from scikit-learn's answers")

    for scale, scaler in (("standard", StandardScaler()), ("min-max", MinMaxScaler()), ("robust", RobustScaler())):
        model = make_pipeline(features(scaler), Ridge(alpha=2)).fit(table[inputs], table.number)
        ours = train("number", "--learner", "linear", "--set", "penalty=2", "--scale", scale, "--categories", "one-hot")
        close(ours[:, 0], model.predict(table[inputs]), 2e-4, f"ridge, {scale}")
    model = make_pipeline(features(StandardScaler()), LogisticRegression(C=0.5, tol=1e-8, max_iter=1000)).fit(table[inputs], table.label)
    close(train("label", "--learner", "linear", "--set", "penalty=2", "--categories", "one-hot"), model.predict_proba(table[inputs]), 2e-4, "logistic")
    model = make_pipeline(features(StandardScaler()), LogisticRegression(C=0.5, tol=1e-8, max_iter=1000)).fit(table[inputs], table.grade)
    close(train("grade", "--learner", "linear", "--set", "penalty=2", "--categories", "one-hot"), model.predict_proba(table[inputs]), 2e-4, "softmax")
    model = make_pipeline(features(StandardScaler()), PoissonRegressor(alpha=2 / len(table), tol=1e-10, max_iter=1000)).fit(table[inputs], table["count"])
    ours = train("count", "--task", "regress", "--learner", "linear", "--set", "loss=poisson", "--set", "penalty=2", "--categories", "one-hot")
    close(ours[:, 0], model.predict(table[inputs]), 2e-3, "Poisson")

    # Its answers are softened by one of a few heats, which it chooses on rows it holds back.
    sure = QuadraticDiscriminantAnalysis().fit(table[inputs[:2]], table.grade).predict_log_proba(table[inputs[:2]])
    ours = train("grade", "--learner", "gaussian", "--set", "shrink=1e-9", "--set", "smoothing=0", "--leave-out", "Colour")
    theirs = min((softmax(sure / heat, axis=1) for heat in (1, 1.4, 2, 3, 5, 9)), key=lambda p: np.abs(ours - p).max())
    close(ours, theirs, 2e-4, "quadratic discriminants")

    numbers = table[inputs[:2]].to_numpy(np.float32)
    theirs = lightgbm.train({"objective": "regression", "num_threads": 2, "deterministic": True, "force_col_wise": True, "seed": 1,
                             "verbosity": -1}, lightgbm.Dataset(numbers, table.number.to_numpy(np.float32)), 100).predict(numbers)
    ours = train("number", "--leave-out", "Colour")
    worst = np.abs(ours[:, 0] - theirs).max()
    assert worst < 1e-5, worst
    print(f"ok LightGBM: {worst:.1e} from the Python package's answers")


def features(table, *words):
    """What a file's weighted sums are made of: an inner value of its graph, asked for by name."""
    table.to_csv(work / "t.csv", index=False)
    run("train", "table", "t.csv", "--target", "number", "--task", "regress", "--learner", "linear", "--hold", "0", "--out", "t.onnx", *words)
    model = onnx.load(work / "t.onnx")
    sums = next(node for node in model.graph.node if node.op_type == "Gemm")
    model.graph.output.append(helper.make_tensor_value_info(sums.input[0], TensorProto.FLOAT, None))
    del model.graph.output[0]
    onnx.save(model, work / "t.onnx")
    values = feed("t.onnx", table)
    (work / "t.onnx").unlink()
    return values


def same_columns(ours, theirs, what):
    """The same columns, in whatever order."""
    theirs = np.asarray(theirs, dtype=float)
    assert ours.shape == theirs.shape, (what, ours.shape, theirs.shape)
    left = list(range(ours.shape[1]))
    for column in theirs.T:
        off = [np.abs(ours[:, i] - column).max() for i in left]
        assert min(off) < 3e-6 * max(1, np.abs(column).max()), (what, min(off))
        left.pop(int(np.argmin(off)))


def check_features():
    rows = 400
    total = random.normal(0, 1, rows)
    numbers = pd.DataFrame({"a": random.normal(100, 30, rows), "b": random.gamma(2, 5, rows)})
    numbers.loc[::7, "a"] = math.nan
    fills = {"mean": SimpleImputer(), "median": SimpleImputer(strategy="median"), "zero": SimpleImputer(strategy="constant", fill_value=0)}
    scales = {"none": FunctionTransformer(), "standard": StandardScaler(), "min-max": MinMaxScaler(), "robust": RobustScaler()}
    for fill, imputer in fills.items():
        for scale, scaler in scales.items():  # scikit-learn's scalers leave holes out, too
            wanted = scaler.fit(numbers).transform(pd.DataFrame(imputer.fit_transform(numbers), columns=["a", "b"]))
            same_columns(features(numbers.assign(number=total), "--fill", fill, "--scale", scale), wanted, (fill, scale))
    colours = pd.DataFrame({"colour": random.choice(["red", "green", "blue", None], rows, p=[0.4, 0.3, 0.2, 0.1])})
    frequent = colours.colour.value_counts().index.tolist()
    known = colours.fillna({"colour": "?"})
    for encoding, encoder, cells in (("one-hot", OneHotEncoder(sparse_output=False), known),
                                     ("ordinal", OrdinalEncoder(categories=[[*frequent, "?"]]), known),
                                     ("target", TargetEncoder(target_type="continuous", smooth=10), known)):
        wanted = encoder.fit(cells, total).transform(cells)
        if encoding == "ordinal":
            wanted = np.where(wanted == len(frequent), -2, wanted)  # a hole is none of the categories
        same_columns(features(colours.assign(number=total.round(9)), "--categories", encoding, "--scale", "none"), wanted, encoding)
    notes = pd.DataFrame({"note": [" ".join(random.choice(["Very", "hot", "cold", "day", "line-7", "\u00e4nder"], 6)) for _ in range(rows)]})
    words = TfidfVectorizer(token_pattern="[0-9a-z\u0080-\U0010ffff]+", ngram_range=(1, 2), min_df=2)
    same_columns(features(notes.assign(number=total), "--text-terms", "10000", "--types", "note=text"),
                 words.fit_transform(notes.note).toarray(), "tf-idf")
    hashed = HashingVectorizer(token_pattern=words.token_pattern, n_features=50)
    same_columns(features(notes.assign(number=total), "--texts", "hashed", "--text-terms", "50", "--types", "note=text"),
                 hashed.transform(notes.note).toarray(), "hashed words")
    whole = numbers.fillna(numbers.mean())
    bins = KBinsDiscretizer(7, encode="onehot-dense", strategy="quantile", quantile_method="linear", subsample=None)
    same_columns(features(whole.assign(number=total), "--bins", "7"), bins.fit_transform(whole.astype(np.float32)), "bins")
    wide = pd.DataFrame(random.normal(0, 1, (rows, 3)) @ random.normal(0, 1, (3, 8)) + random.normal(0, 0.3, (rows, 8)), columns=list("abcdefgh"))
    theirs = PCA(3).fit_transform(StandardScaler().fit_transform(wide))
    ours = features(wide.assign(number=total), "--components", "3")
    same_columns(ours * np.sign((ours * theirs).sum(0)), theirs, "principal components")  # a direction's sign is anybody's
    when = pd.Series(pd.Timestamp("2019-12-30 05:00") + pd.to_timedelta(random.integers(0, 2000 * 24, rows), unit="h"))
    parts = pd.DataFrame({"days": (when - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1), "year": when.dt.year, "month": when.dt.month,
                          "day": when.dt.day, "weekday": when.dt.day_of_week, "hour": when.dt.hour})
    same_columns(features(pd.DataFrame({"when": when.dt.strftime("%d.%m.%Y %H:%M"), "number": total}), "--scale", "none"), parts, "dates")
    print(f"ok features equal scikit-learn's: {len(fills) * len(scales)} ways to fill and scale, categories, words, hashed words, bins, components, dates")


def check_evidence():
    rows = 600
    table = pd.DataFrame({"a": random.normal(0, 1, rows).round(6), "b": random.integers(0, 5, rows), "c": random.choice(list("xyz"), rows)})
    table["number"] = (table.a + table.c.map({"x": 0, "y": 0.5, "z": 2}) + random.normal(0, 1, rows)).round(6)
    table["label"] = np.select([table.number < 0, table.number < 1.5], ["low", "middle"], "high")

    def scored(target, by):
        table[["a", "b", "c", target]].to_csv(work / "t.csv", index=False)
        told = json.loads(run("--json", "table", "choose", "t.csv", "--target", target, "--by", by))
        digest = told["outputs"]["report"].split(":")[1]
        found = json.loads(next((work / ".gyre/blobs").rglob(f"*{digest[-48:]}")).read_text())["columns"]
        return {one["column"]: one["score"] for one in found if one["score"] is not None}

    counts = pd.crosstab(table.c, table.label)
    wanted = {("label", "f"): dict(zip("ab", f_classif(table[["a", "b"]], table.label)[0])),
              ("number", "f"): dict(zip("ab", f_regression(table[["a", "b"]], table.number)[0])) |
              {"c": f_oneway(*[group.number for _, group in table.groupby("c")])[0]},
              ("number", "pearson"): {c: abs(table[c].corr(table.number)) for c in "ab"},
              ("number", "spearman"): {c: abs(table[c].corr(table.number, method="spearman")) for c in "ab"},
              ("label", "mutual"): {"c": m.mutual_info_score(table.c, table.label), "b": m.mutual_info_score(table.b, table.label)},
              ("label", "chi2"): {"c": chi2_contingency(counts)[0], "b": chi2_contingency(pd.crosstab(table.b, table.label))[0]}}
    for (target, by), theirs in wanted.items():
        ours = scored(target, by)
        for column, value in theirs.items():
            assert abs(ours[column] - value) <= 1e-9 * max(1, value), (target, by, column, ours[column], value)
    print(f"ok what single columns tell: {len(wanted)} scores equal scikit-learn's and SciPy's")


def check_raw_rows():
    table = made_up(500)
    table["when"] = [f"{1 + i % 28}.{1 + i % 12}.{2020 + i % 5} {i % 24}:15" for i in range(len(table))]
    table["note"] = [f"{['Very HOT', 'cold', 'luke warm'][i % 3]} day number {i % 9} at the \u00c4ra line" for i in range(len(table))]
    table.loc[::7, "Length"] = math.nan
    table.loc[::11, "Colour"] = None
    table.to_csv(work / "t.csv", index=False)
    odd = table.head(40).rename(columns=str.upper)
    odd.loc[0, "COLOUR"], odd.loc[1, "WHEN"], odd.loc[2, "NOTE"], odd.loc[3, "WIDTH"] = "never seen", "no date", None, math.nan
    odd.loc[4, "WHEN"] = None
    odd.to_csv(work / "odd.csv", index=False)

    def same_answers(target, *words):
        run("train", "table", "t.csv", "--target", target, "--out", "t.onnx", *words)
        told = [json.loads(line)["answer"] for line in run("--json", "predict", "t.onnx", "odd.csv").splitlines()]
        told = [[row["probabilities"][c] for c in "abc"] if target == "grade" else [row["value"]] for row in told]
        worst = (np.abs(np.array(told) - feed("t.onnx", odd)) / np.maximum(1, np.abs(told))).max()
        assert worst < 1e-5, (words, worst)
        (work / "t.onnx").unlink()

    for learner in json.loads(run("--json", "learners")):
        if "classify" in learner["tasks"]:
            same_answers("grade", "--learner", learner["name"])
        if "regress" in learner["tasks"]:
            same_answers("number", "--task", "regress", "--learner", learner["name"])
    print("ok every learner's file answers raw rows in onnxruntime from Python as in gyre: labels and numbers")
    for words in (["--calibrate", "sigmoid"], ["--calibrate", "isotonic"], ["--several", "one-vs-rest"], ["--several", "one-vs-one", "--calibrate", "sigmoid"],
                  ["--memory", "1", "--text-terms", "500"], ["--texts", "hashed", "--bins", "6"], ["--components", "5"], ["--class-weights", "balanced", "--weight", "count"]):
        for learner in ("lightgbm", "linear"):
            same_answers("grade", "--learner", learner, *words)
    print("ok so do calibrated ones, models of two labels, weighted ones")


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    run("init")
    check_scores()
    check_learners()
    check_features()
    check_evidence()
    check_raw_rows()
