"""Oddness, clusters and recommendations beside scikit-learn: scores to 1e-9, answers of the files in onnxruntime."""
import json, os, pathlib, subprocess, tempfile

import numpy as np, onnxruntime, pandas as pd
from sklearn import metrics as m
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

gyre = os.environ["GYRE"]
random = np.random.default_rng(11)


def run(*words):
    done = subprocess.run([gyre, *map(str, words)], capture_output=True, text=True, cwd=work)
    assert done.returncode == 0, done.stdout + done.stderr


def report(*words):
    run(*words, "--out", "report.json")
    text = (work / "report.json").read_text()
    (work / "report.json").unlink()
    return json.loads(text)


def answers(model, table):
    session = onnxruntime.InferenceSession(work / model, providers=["CPUExecutionProvider"])
    given = session.run(None, {i.name: table[i.name].fillna("").astype(object).to_numpy().reshape(-1, 1) if i.type == "tensor(string)"
                               else table[i.name].to_numpy(np.float32).reshape(-1, 1) for i in session.get_inputs()})
    return {o.name: value for o, value in zip(session.get_outputs(), given)}


def same(ours, theirs, what):
    for key, value in theirs.items():
        assert abs(ours[key] - value) <= 1e-9 * max(1, abs(value)), (what, key, ours[key], value)
    print(f"ok {what}: {len(theirs)} scores equal scikit-learn's")


def check_anomaly():
    rows = 2000
    usual = random.normal(0, 1, (rows, 3)) @ random.normal(0, 1, (3, 6)) + random.normal(0, 0.2, (rows, 6))
    odd = random.random(rows) < 0.03
    usual[odd] = random.normal(0, 2.5, (odd.sum(), 6))
    names = list("abcdef")
    table = pd.DataFrame(usual, columns=names).round(5)
    table["state"] = np.where(odd, "odd", "fine")
    table.to_csv(work / "odd.csv", index=False)
    numbers = StandardScaler().fit_transform(table[names])
    options = ["--hold", "0", "--leave-out", "state"]
    run("train", "anomaly", "odd.csv", *options, "--learner", "principal-components", "--set", "components=3", "--out", "pca.onnx")
    pca = PCA(3).fit(numbers)
    lost = np.linalg.norm(numbers - pca.inverse_transform(pca.transform(numbers)), axis=1)
    theirs, ours = lost / np.sqrt((lost**2).mean()), answers("pca.onnx", table)["score"][:, 0]
    assert np.abs(ours - theirs).max() < 1e-4, np.abs(ours - theirs).max()
    print(f"ok principal components: {np.abs(ours - theirs).max():.1e} from what scikit-learn's PCA loses")
    judged = report("validate", "anomaly", "pca.onnx", "odd.csv", "--truth", "state", "--part", "all")
    alarm = ours >= judged["threshold"]
    same(judged["scores"], {"auc": m.roc_auc_score(odd, ours), "average_precision": m.average_precision_score(odd, ours),
                            "f1": m.f1_score(odd, alarm), "recall": m.recall_score(odd, alarm)}, "oddness")
    far = random.normal(0, 1, (rows, 6))
    far[odd] *= 4
    table[names] = far.round(5)
    table.to_csv(work / "odd.csv", index=False)
    run("train", "anomaly", "odd.csv", *options, "--out", "forest.onnx")
    ours = m.roc_auc_score(odd, answers("forest.onnx", table)["score"][:, 0])
    theirs = m.roc_auc_score(odd, -IsolationForest(n_estimators=200, random_state=1).fit(far).score_samples(far))
    assert abs(ours - theirs) < 0.01 and ours > 0.95, (ours, theirs)
    print(f"ok isolation forest: AUC {ours:.4f}, scikit-learn's {theirs:.4f}")


def check_clusters():
    rows = 900
    kind = random.integers(0, 4, rows)
    places = random.normal(0, 4, (4, 3))[kind] + random.normal(0, 1, (rows, 3))
    table = pd.DataFrame(places.round(4), columns=["x", "y", "z"])
    table["kind"] = np.array(["a", "b", "c", "d"])[kind]
    table.to_csv(work / "blobs.csv", index=False)
    run("train", "clusters", "blobs.csv", "--clusters", 4, "--hold", 0, "--leave-out", "kind", "--out", "k.onnx")
    numbers = StandardScaler().fit_transform(table[["x", "y", "z"]]).astype(np.float32).astype(float)
    theirs = KMeans(4, n_init=20, random_state=1).fit(numbers)
    given = answers("k.onnx", table)
    ours = given["probabilities"].argmax(1)
    assert m.adjusted_rand_score(theirs.labels_, ours) > 0.999, m.adjusted_rand_score(theirs.labels_, ours)
    distance = np.sqrt(theirs.transform(numbers).min(1) ** 2 / (theirs.inertia_ / rows))
    assert np.abs(given["score"][:, 0] - distance).max() < 1e-3, np.abs(given["score"][:, 0] - distance).max()
    print("ok k-means: scikit-learn's clusters and distances")
    judged = report("validate", "clusters", "k.onnx", "blobs.csv", "--truth", "kind", "--part", "all")
    # Of the features in the file: theirs are made in another order, so they differ in the last figures of a float.
    rounded = table[["x", "y", "z"]].to_numpy(np.float32).astype(float)
    close = {"silhouette": m.silhouette_score(numbers, ours), "davies_bouldin": m.davies_bouldin_score(numbers, ours),
             "calinski_harabasz": m.calinski_harabasz_score(numbers, ours)}
    for key, value in close.items():
        assert abs(judged["scores"][key] - value) < 1e-5 * max(1, abs(value)), (key, judged["scores"][key], value)
    same(judged["scores"], {"adjusted_rand": m.adjusted_rand_score(kind, ours),
                            "normalised_mutual_information": m.normalized_mutual_info_score(kind, ours)}, "clusters beside labels")
    # Without scaling the features are the cells: then scores are the same to the last figures.
    run("train", "clusters", "blobs.csv", "--clusters", 3, "--hold", 0, "--leave-out", "kind", "--scale", "none", "--out", "plain.onnx")
    ours = answers("plain.onnx", table)["probabilities"].argmax(1)
    judged = report("validate", "clusters", "plain.onnx", "blobs.csv", "--part", "all")
    same(judged["scores"], {"silhouette": m.silhouette_score(rounded, ours), "davies_bouldin": m.davies_bouldin_score(rounded, ours),
                            "calinski_harabasz": m.calinski_harabasz_score(rounded, ours)}, "how apart clusters lie")


def alternating(users, items, ratings, shape, factors, penalty, rounds):
    """The plain slow version: ridge regressions in turn, with a constant of each user and item."""
    mean = ratings.mean()
    sides = [random.normal(0, 0.1, (n, factors)) for n in shape]
    bias = [np.zeros(n) for n in shape]
    places = (users, items)
    for _ in range(rounds):
        for side in (0, 1):
            for one in range(shape[side]):
                rows = np.flatnonzero(places[side] == one)
                if not len(rows):
                    continue
                them = places[1 - side][rows]
                x = np.column_stack([sides[1 - side][them], np.ones(len(rows))])
                solved = np.linalg.solve(x.T @ x + penalty * len(rows) * np.eye(factors + 1), x.T @ (ratings[rows] - mean - bias[1 - side][them]))
                sides[side][one], bias[side][one] = solved[:-1], solved[-1]
    return lambda u, i: np.clip(mean + bias[0][u] + bias[1][i] + (sides[0][u] * sides[1][i]).sum(1), ratings.min(), ratings.max())


def check_recommender():
    users, items = 120, 90
    likes, is_like = random.normal(0, 0.7, (users, 3)), random.normal(0, 0.7, (items, 3))
    pairs = np.array([(u, i) for u in range(users) for i in random.choice(items, 40, replace=False)])
    rating = np.clip(3 + (likes[pairs[:, 0]] * is_like[pairs[:, 1]]).sum(1) + random.normal(0, 0.2, len(pairs)), 1, 5).round(2)
    table = pd.DataFrame({"user": [f"user {u}" for u in pairs[:, 0]], "item": [f"item {i}" for i in pairs[:, 1]], "rating": rating})
    learn = random.random(len(table)) < 0.8
    table[learn].to_csv(work / "learn.csv", index=False)
    table[~learn].to_csv(work / "rest.csv", index=False)
    run("train", "recommender", "learn.csv", "--hold", 0, "--factors", 4, "--rounds", 30, "--out", "rec.onnx")
    rest = table[~learn]
    ours = answers("rec.onnx", rest)["value"][:, 0].astype(float)
    judged = report("validate", "recommender", "rec.onnx", "rest.csv", "--part", "all", "--top", 5)["scores"]
    gains = [m.ndcg_score([rest.rating[of]], [ours[np.flatnonzero(rest.index.isin(of))]], k=5)
             for of in (group.index for _, group in rest.groupby("user")) if len(of) > 1]
    same(judged, {"rmse": m.root_mean_squared_error(rest.rating, ours), "mae": m.mean_absolute_error(rest.rating, ours),
                  "ndcg": np.mean(gains)}, "ratings")
    plain = alternating(*pairs[learn].T, rating[learn], (users, items), 4, 0.08, 30)
    theirs = m.root_mean_squared_error(rest.rating, plain(*pairs[~learn].T))
    assert abs(judged["rmse"] - theirs) < 0.01, (judged["rmse"], theirs)
    print(f"ok recommender: RMSE {judged['rmse']:.4f}, of plain alternating least squares in numpy {theirs:.4f}")


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    run("init")
    check_anomaly()
    check_clusters()
    check_recommender()
