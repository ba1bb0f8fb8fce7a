"""One system on one fold: rival.py SYSTEM TRAIN TEST TARGET TASK BUDGET CORES OUT. Writes {"labels", "answers", "seconds"}."""
import json, sys, time, warnings

warnings.filterwarnings("ignore")
system, train_file, test_file, target, task, budget, cores, out = sys.argv[1:]
budget, cores = float(budget), int(cores)
began = time.monotonic()
import numpy, pandas

train, test = pandas.read_csv(train_file), pandas.read_csv(test_file)
if task == "classify":
    train[target] = train[target].astype(str)
features = [name for name in train.columns if name != target]
labels = sorted(train[target].unique()) if task == "classify" else []
metric = "rmse" if task == "regress" else "auc" if len(labels) == 2 else "log_loss"


def lightgbm_default():
    import lightgbm
    both = pandas.concat([train[features], test[features]])
    for name in features:
        if both[name].dtype == object or str(both[name].dtype) in ("str", "string", "bool"):
            both[name] = both[name].astype("category")
    x, z = both.iloc[:len(train)], both.iloc[len(train):]
    kind = lightgbm.LGBMClassifier if task == "classify" else lightgbm.LGBMRegressor
    model = kind(n_jobs=cores, verbose=-1, random_state=0).fit(x, train[target])
    return (model.classes_, model.predict_proba(z)) if task == "classify" else ([], model.predict(z))


def flaml():
    from flaml import AutoML
    model = AutoML()
    model.fit(train[features], train[target], task="classification" if task == "classify" else "regression",
              metric={"auc": "roc_auc"}.get(metric, metric), time_budget=budget - (time.monotonic() - began), n_jobs=cores,
              verbose=0, seed=0)
    return (model.classes_, model.predict_proba(test[features])) if task == "classify" else ([], model.predict(test[features]))


def autogluon():
    import tempfile
    from autogluon.tabular import TabularPredictor
    kind = "regression" if task == "regress" else "binary" if len(labels) == 2 else "multiclass"
    with tempfile.TemporaryDirectory() as folder:
        model = TabularPredictor(label=target, problem_type=kind, path=folder, verbosity=0,
                                 eval_metric={"auc": "roc_auc", "rmse": "root_mean_squared_error"}.get(metric, metric))
        model.fit(train, time_limit=budget - (time.monotonic() - began), num_cpus=cores, num_gpus=0,
                  presets="medium_quality" if budget < 100 else "best_quality")
        if task == "regress":
            return [], model.predict(test[features]).to_numpy()
        answers = model.predict_proba(test[features])
        return list(answers.columns), answers.to_numpy()


names, answers = {"lightgbm": lightgbm_default, "flaml": flaml, "autogluon": autogluon}[system]()
with open(out, "w") as file:
    json.dump({"labels": [str(name) for name in names], "answers": numpy.asarray(answers, float).tolist(),
               "seconds": time.monotonic() - began}, file)
